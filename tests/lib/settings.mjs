// The forms of /settings, sent as a browser sends them.
import assert from "node:assert/strict";

/** Sends a form of the settings pages with the session's token: `{status, location, text}`. */
export async function sendForm(stack, browser, path, fields = {}) {
  const page = await browser.open(`${stack.url}/settings`);
  const csrf = page.root?.querySelector('input[name="csrf"]')?.getAttribute("value");
  assert.ok(csrf, `no form at ${page.url} (${page.status}): ${page.text}`);
  const response = await browser.fetch(`${stack.url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded", origin: stack.url },
    body: new URLSearchParams({ csrf, ...fields }).toString(),
  });
  return { status: response.status, location: response.headers.get("location"), text: await response.text() };
}

/** Disconnects TastyTrade. */
export async function disconnect(stack, browser) {
  const { status, location, text } = await sendForm(stack, browser, "/settings/disconnect");
  assert.equal(status, 303, text);
  assert.match(location, /done=disconnected/);
}

/** Deletes everything of the user who is logged in. */
export async function deleteEverything(stack, browser) {
  const { status, text } = await sendForm(stack, browser, "/settings/data/delete", { word: "DELETE" });
  assert.equal(status, 200, text);
}
