// The settings pages with a person, a keyboard and axe-core (headless Chromium). In every case an error in the browser's
// console, an uncaught exception or content blocked by a page's policy is a failure, and so is a page that has to be scrolled
// sideways. Every page of the product is checked by axe-core twice, as on a desktop in the light scheme and as on a phone in
// the dark one: zero violations. Pictures of all of them go to tests/screenshots.
//
//  0. The check finds what is planted.
//  1. The pages before a login: landing, consent of an app elsewhere and of one on this computer, an own grant that was
//     refused, the login choice, and errors.
//  2. The overview with the keyboard alone: skip link, navigation, connection test, preferences; each stop can be seen.
//  3. An API key with the keyboard alone: made, shown once; neither a reload nor the way back makes another or shows it again.
//  4. Connected apps: one is revoked.
//  5. Disconnect, and connect again: the login ends on the settings page.
//  6. Activity, dashboard and the connected page.
//  7. Download and deletion, and the page at the end.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import { d1 } from "../lib/explorer.mjs";
import { authorizeUrl, pkce, register } from "../lib/login.mjs";
import { poll } from "../lib/poll.mjs";
import { useStack } from "../lib/stack.mjs";
import { assertAccessible } from "./axe.mjs";
import { logInAtTastyTrade, newPerson, picture, startBrowser } from "./person.mjs";

// A stack of its own: a user is deleted here.
const stack = await useStack({});
const browser = await startBrowser();
after(() => browser.close());
const decision = (value) => `button[name=decision][value=${value}]`;
const at = (path) => `${stack.url}${path}`;

/** Runs a case as a person who must not have been given anything to complain about. */
function walk(name, person, steps) {
  test(name, async () => {
    const { page, context, complaints } = await person;
    try {
      await steps({ page, context });
      // The browser writes a line of its own about every page with an error status.
      assert.deepEqual(complaints.filter((line) => !line.includes("the server responded with a status of 4")), []);
    } catch (error) {
      await page.screenshot({ path: new URL(`../screenshots/failed-settings-${Number.parseInt(name)}.png`, import.meta.url).pathname }).catch(() => {});
      throw new Error(`${error.message}\nat ${page.url()}\n${complaints.join("\n")}`, { cause: error });
    }
  });
}

/** Checks and pictures a page, as on a desktop and as on a phone in the dark scheme. */
async function look(page, name) {
  await assertAccessible(page, name);
  await picture(page, name, { phone: true });
  await page.emulateMedia({ colorScheme: "dark" });
  await page.setViewportSize({ width: 390, height: 844 });
  await assertAccessible(page, `${name} on a phone in the dark scheme`);
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 1280, height: 800 });
}

/** Presses Tab until what is wanted has the focus; each stop on the way must be visible. */
async function tabTo(page, wanted) {
  const stops = [];
  for (let press = 0; press < 60; press += 1) {
    await page.keyboard.press("Tab");
    const stop = await page.evaluate(() => {
      const element = document.activeElement;
      const { outlineStyle, outlineWidth } = getComputedStyle(element);
      const { width, height, top } = element.getBoundingClientRect();
      const label = element.getAttribute("aria-label") ?? element.labels?.[0]?.innerText ?? element.innerText ?? "";
      return { what: label.trim().split("\n")[0].trim(), visible: outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 2 && width > 0 && height > 0 && top >= 0 };
    });
    assert.ok(stop.visible, `the focus on ${stop.what} cannot be seen`);
    if (typeof wanted === "string" ? stop.what === wanted : wanted.test(stop.what)) return;
    stops.push(stop.what);
  }
  assert.fail(`${wanted} is not reached; the stops are ${stops.join(", ")}`);
}

async function consentUrl(redirect_uri, more = {}) {
  const { client_id: clientId } = await register(stack, { client_name: "Options Notebook", redirect_uris: [redirect_uri] });
  return authorizeUrl(stack, { clientId, challenge: pkce().challenge, redirect_uri, ...more });
}

const stranger = newPerson(browser, stack.url);
const trader = newPerson(browser, stack.url);

walk("0. the check finds what is planted", newPerson(browser, stack.url), async ({ page }) => {
  await page.goto(at("/login"));
  await page.evaluate(() => {
    document.querySelector("main").append(document.createElement("input"));
    document.querySelector("h1").style.color = "#ccc";
  });
  await assert.rejects(assertAccessible(page, "a page with faults"), (error) => /label: /.test(error.message) && /color-contrast: /.test(error.message));
});

walk("1. before a login", stranger, async ({ page, context }) => {
  await page.goto(at("/"));
  await look(page, "landing");
  await page.goto(await consentUrl("https://app.example/callback"));
  assert.equal(await page.locator(".warning").count(), 0);
  await look(page, "consent-app");
  await page.goto(await consentUrl("http://127.0.0.1:33418/callback"));
  assert.match(await page.textContent(".warning"), /your own computer/);
  await look(page, "consent-loopback");
  await page.click("summary");
  await look(page, "consent-own-grant");
  await page.fill("input[name=client_secret]", "wrong");
  await page.fill("input[name=refresh_token]", "wrong");
  await page.click(decision("grant"));
  await page.locator("[role=alert]").waitFor();
  await look(page, "consent-own-grant-refused");
  await page.goto(at("/login"));
  await look(page, "login");
  await page.click(decision("deny"));
  await page.waitForURL(at("/"));

  for (const [name, url, heading] of [
    ["error-unknown-app", authorizeUrl(stack, { clientId: "nobody", challenge: pkce().challenge }), /not known/],
    ["error-not-found", at("/nowhere"), /nothing here/],
    ["error-callback", at("/oauth/callback?state=x&code=y"), /another browser/],
  ]) {
    await page.goto(url);
    assert.match(await page.textContent("h1"), heading);
    assert.match(await page.textContent("main code"), /[a-z_]{6,}/);
    await look(page, name);
  }
  await page.goto(await consentUrl("http://127.0.0.1:33418/callback"));
  await context.clearCookies();
  await page.click(decision("login"));
  assert.match(await page.textContent("h1"), /another browser|no longer open/);
  await look(page, "error-consent");
});

walk("2. the overview with the keyboard alone", trader, async ({ page }) => {
  await page.goto(at("/settings"));
  assert.equal(page.url(), at("/login?return_to=/settings"));
  await page.click(decision("login"));
  await logInAtTastyTrade(page);
  await page.click(decision("allow"));
  await page.waitForURL(at("/settings"));
  await poll("the first sync", async () => (await page.reload()) && (await page.locator("select[name=account]").count()) === 1);
  assert.equal(await page.locator("h1").count(), 1);
  await look(page, "settings");

  await page.reload();
  await tabTo(page, "Skip to the content");
  await page.keyboard.press("Enter");
  await tabTo(page, "Overview");
  await tabTo(page, "Test connection");
  await page.keyboard.press("Enter");
  await page.waitForURL(at("/settings?done=test_ok"));
  assert.match(await page.textContent("[role=status]"), /connection works/);
  await look(page, "settings-tested");

  await page.reload();
  await tabTo(page, /^Default account/);
  await page.keyboard.press("ArrowDown");
  await tabTo(page, /^Time zone/);
  await page.keyboard.type("Europe/B");
  await tabTo(page, "Save");
  await page.keyboard.press("Enter");
  await page.waitForURL(at("/settings?done=saved"));
  assert.equal(await page.inputValue("select[name=time_zone]"), "Europe/Berlin");
  assert.match(await page.locator("select[name=account] option:checked").textContent(), /••••/);
  await tabTo(page, "API keys");
  await page.keyboard.press("Enter");
  await page.waitForURL(at("/settings/keys"));
  assert.equal(await page.getAttribute(".sections [aria-current=page]", "href"), "/settings/keys");
});

walk("3. an API key with the keyboard alone", trader, async ({ page }) => {
  await page.goto(at("/settings/keys"));
  await look(page, "keys-none");
  await page.reload();
  await tabTo(page, "Name");
  await page.keyboard.type("Nightly report");
  await tabTo(page, /^See your accounts/);
  await page.keyboard.press("Space");
  await tabTo(page, /^It holds/);
  await page.keyboard.press("End");
  await tabTo(page, "Make the key");
  await page.keyboard.press("Enter");
  await page.locator("#api-key").waitFor();
  const key = await page.textContent("#api-key");
  assert.match(key, /^ttai_ak_[\w-]{43}$/);
  await look(page, "key-made");
  const [{ scopes, expires_at: expires }] = await d1(stack, "SELECT scopes, expires_at FROM api_keys");
  assert.deepEqual([scopes, expires], ["market:read account:read", null]);

  // A reload sends the form again.
  await page.reload();
  await page.waitForURL(at("/settings/keys?done=key_made_before"));
  assert.match(await page.textContent("[role=alert]"), /had been sent before/);
  assert.ok(!(await page.content()).includes(key));
  assert.equal((await d1(stack, "SELECT count(*) AS n FROM api_keys"))[0].n, 1);
  await look(page, "keys");
  await page.goBack();
  assert.ok(!(await page.content()).includes(key), "the way back shows the key again");

  await page.goto(at("/settings/keys"));
  await page.uncheck("input[value='market:read']");
  await page.fill("input[name=name]", "Without anything");
  await page.click("button.main");
  assert.match(await page.textContent("[role=alert]"), /Tick at least one/);
  assert.equal(await page.inputValue("input[name=name]"), "Without anything");
  await look(page, "keys-flawed");
  await page.goto(at("/settings/keys"));
  await tabTo(page, "Revoke the key Nightly report");
  await page.keyboard.press("Enter");
  await page.waitForURL(at("/settings/keys?done=key_revoked"));
  assert.equal(await page.getByText("Nightly report").count(), 0);
});

walk("4. connected apps", trader, async ({ page, context }) => {
  await page.goto(at("/settings/apps"));
  assert.match(await page.textContent("main"), /No app is connected/);
  await look(page, "apps-none");
  // An app at an address that nobody answers: what counts is the code in it.
  const { client_id: clientId } = await register(stack, { client_name: "A notebook with a name that is rather long for a card", redirect_uris: ["https://app.example/callback"] });
  const { verifier, challenge } = pkce();
  await context.route("https://app.example/**", (route) => route.fulfill({ contentType: "text/html", body: "<title>App</title>" }));
  await page.goto(authorizeUrl(stack, { clientId, challenge, redirect_uri: "https://app.example/callback" }));
  await page.click(decision("login"));
  await logInAtTastyTrade(page);
  await page.click(decision("allow"));
  await page.waitForURL("https://app.example/**");
  const code = new URL(page.url()).searchParams.get("code");
  const exchanged = await fetch(at("/oauth/token"), { method: "POST", body: new URLSearchParams({ grant_type: "authorization_code", code, code_verifier: verifier, client_id: clientId, redirect_uri: "https://app.example/callback" }) });
  assert.equal(exchanged.status, 200);
  const { access_token: token } = await exchanged.json();

  await page.goto(at("/settings/apps"));
  assert.match(await page.textContent("main"), /app\.example/);
  await look(page, "apps");
  await page.reload();
  await tabTo(page, /^Revoke A notebook/);
  await page.keyboard.press("Enter");
  await page.waitForURL(at("/settings/apps?done=app_revoked"));
  assert.match(await page.textContent("[role=status]"), /revoked/);
  const refused = await fetch(at("/mcp"), { method: "POST", headers: { authorization: `Bearer ${token}`, "content-type": "application/json" }, body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}' });
  assert.equal(refused.status, 401);
});

walk("5. disconnect, and connect again", trader, async ({ page }) => {
  await page.goto(at("/settings"));
  await tabTo(page, "Disconnect…");
  await page.keyboard.press("Enter");
  await page.waitForURL(at("/settings/disconnect"));
  await look(page, "disconnect");
  await page.reload();
  await tabTo(page, "Disconnect");
  await page.keyboard.press("Enter");
  await page.waitForURL(at("/settings?done=disconnected"));
  assert.match(await page.textContent("main"), /Not connected/);
  await look(page, "settings-disconnected");
  await page.getByRole("link", { name: "Connect again" }).click();
  await page.click(decision("login"));
  await logInAtTastyTrade(page);
  await page.click(decision("allow"));
  await page.waitForURL(at("/settings"));
  assert.match(await page.textContent("main"), /Connected\./);
  await d1(stack, "UPDATE credentials SET status = 'revoked'");
  await page.reload();
  assert.match(await page.textContent("main"), /No longer accepted/);
  await look(page, "settings-refused");
  await d1(stack, "UPDATE credentials SET status = 'active'");
});

walk("6. the other pages of somebody who is logged in", trader, async ({ page }) => {
  await page.goto(at("/dashboard"));
  await page.getByText("Live", { exact: true }).waitFor();
  await look(page, "dashboard");
  await page.goto(at("/connected"));
  await look(page, "connected");
  await page.goto(at("/settings"));
  await page.getByRole("link", { name: "Activity" }).click();
  await page.waitForURL(at("/settings/activity"));
  assert.equal(await page.getAttribute(".sections [aria-current=page]", "href"), "/settings/activity");
  await look(page, "activity");
  for (const [name, path] of [["error-settings", "/settings/nowhere"]]) {
    await page.goto(at(path));
    await look(page, name);
  }
  await page.goto(at("/settings"));
  await page.getByRole("button", { name: "Log out all browsers" }).click();
  await page.getByRole("heading", { name: /logged out/i }).waitFor();
  await look(page, "logged-out");
});

walk("7. download and deletion", trader, async ({ page }) => {
  await page.goto(at("/settings/data"));
  await page.click(decision("login"));
  await logInAtTastyTrade(page);
  await page.click(decision("allow"));
  await page.waitForURL(at("/settings/data"));
  await look(page, "data");
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download my data" }).click()]);
  assert.match(download.suggestedFilename(), /^ttai-data-.*\.json$/);
  assert.ok(JSON.parse(readFileSync(await download.path(), "utf8")).tables.accounts.length > 1);

  await page.goto(at("/settings/data"));
  await tabTo(page, "Type DELETE to confirm");
  await page.keyboard.type("yes");
  await page.keyboard.press("Enter");
  assert.match(await page.textContent("[role=alert]"), /Nothing was deleted/);
  await look(page, "data-wrong-word");
  await page.fill("input[name=word]", "DELETE");
  await page.press("input[name=word]", "Enter");
  await page.getByRole("heading", { name: "Your data is deleted" }).waitFor();
  await look(page, "goodbye");
  assert.deepEqual(await d1(stack, "SELECT id FROM users"), []);
  await page.goto(at("/settings"));
  assert.match(page.url(), /\/login/);
});
