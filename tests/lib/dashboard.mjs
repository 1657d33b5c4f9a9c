// The dashboard as a browser's scripts and people use it.
import assert from "node:assert/strict";

/** The form token of a logged-in browser. */
export async function csrfOf(stack, browser) {
  const page = await browser.open(`${stack.url}/dashboard`);
  const field = page.root?.querySelector('form[action="/dashboard/sync"] input[name="csrf"]');
  assert.ok(field, `no dashboard at ${page.url} (${page.status})`);
  return field.getAttribute("value");
}

/** Presses *Sync now* and asks for the job instead of the page: `{status, body}`. */
export async function syncNow(stack, browser, csrf) {
  const token = csrf ?? (await csrfOf(stack, browser));
  const response = await browser.fetch(`${stack.url}/dashboard/sync`, {
    method: "POST",
    headers: { accept: "application/json", "content-type": "application/x-www-form-urlencoded", origin: stack.url },
    body: new URLSearchParams({ csrf: token }).toString(),
  });
  const text = await response.text();
  return { status: response.status, location: response.headers.get("location"), body: text.startsWith("{") ? JSON.parse(text) : null };
}
