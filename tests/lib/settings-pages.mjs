// The settings pages as a browser without scripts uses them.
import assert from "node:assert/strict";
import { parse } from "node-html-parser";

/** The form token of a logged-in browser. */
export async function csrfOf(stack, browser) {
  const page = await browser.open(`${stack.url}/settings`);
  assert.equal(page.status, 200, `${page.url}: ${page.text}`);
  return page.root.querySelector('input[name="csrf"]').getAttribute("value");
}

/** Sends a form and does not follow its answer: `{status, location, headers, text, root}`. The body is text or pairs. */
export async function send(stack, browser, path, fields) {
  const response = await browser.fetch(`${stack.url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded", origin: "null" },
    body: new URLSearchParams(fields).toString(),
  });
  const html = await response.text();
  const root = parse(html);
  return { status: response.status, location: response.headers.get("location"), headers: response.headers, html, root, text: root.textContent.replace(/\s+/g, " ").trim() };
}

/** The id of a form for a new key, which works once. */
export async function keyForm(stack, browser) {
  const page = await browser.open(`${stack.url}/settings/keys`);
  return page.root.querySelector('form[action="/settings/keys"] input[name="form"]').getAttribute("value");
}

/** Makes an API key on the settings page: `{key, id}`. */
export async function makeKey(stack, browser, { name = "A script", scopes = ["market:read"], days = "30" } = {}) {
  const [csrf, form] = [await csrfOf(stack, browser), await keyForm(stack, browser)];
  const answer = await send(stack, browser, "/settings/keys", [["csrf", csrf], ["form", form], ["name", name], ["days", days], ...scopes.map((scope) => ["scope", scope])]);
  assert.equal(answer.status, 200, answer.text);
  return { key: answer.root.querySelector("#api-key").textContent, id: form, answer };
}
