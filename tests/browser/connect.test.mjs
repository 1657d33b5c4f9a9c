// A person with a browser (headless Chromium): from the landing page to a connected app and a live dashboard. In every case
// an error in the browser's console, an uncaught exception or content blocked by a page's policy is a failure, and so is a
// page that has to be scrolled sideways. Pictures of all pages go to tests/screenshots.
//
//  1. The landing page shows the address to paste.
//  2. An app's authorize address leads to the consent page, which names the app and the host that it will be answered at;
//     then TastyTrade's login with a wrong password, a wrong code and the right ones, its consent, and back to the app on
//     this computer, with a code that yields tokens.
//  3. The person's own grant: made on the Create Grant page, pasted into the consent page; a wrong one can be corrected,
//     and Enter in a field does what the button below it does.
//  4. Deny on the consent page, and deny at TastyTrade: the app is told, and nobody is connected.
//  5. The consent page with the keyboard alone; a scope that was unticked is not in the token.
//  6. The dashboard: login, accounts and positions, and a tab that sees a sync finish that was started elsewhere, without a
//     reload; a tab that was not connected yet when it finished says so too.
//  7. Logging out.
//  8. An app that is not known, and a consent page of another browser, end on a page that says so.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, test } from "node:test";
import { ONE_TIME_CODE, PASSWORD, authorizeUrl, form, pkce, register } from "../lib/login.mjs";
import { useStack } from "../lib/stack.mjs";
import { logInAtTastyTrade, newPerson, picture, startBrowser } from "./person.mjs";

const stack = await useStack();
const browser = await startBrowser();
const app = await startApp();
after(async () => {
  await browser.close();
  app.close();
});

/** The app on this computer that is answered; its page is what a person sees at the end. */
async function startApp() {
  const server = createServer((_request, response) => response.setHeader("content-type", "text/html").end("<title>App</title><h1>Back in the app</h1>"));
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  return { redirectUri: `http://127.0.0.1:${server.address().port}/callback`, close: () => server.close() };
}

/** An app that has registered: the address that it opens, and what it does with the answer. */
async function newApp(name = "Options Notebook") {
  const { client_id: clientId } = await register(stack, { client_name: name, redirect_uris: [app.redirectUri] });
  const { verifier, challenge } = pkce();
  const state = crypto.randomUUID();
  return {
    url: authorizeUrl(stack, { clientId, challenge, state, redirect_uri: app.redirectUri }),
    /** Checks the address at which the app was answered, and gives the tokens. */
    async redeem(address) {
      const { searchParams } = new URL(address);
      assert.equal(searchParams.get("state"), state);
      assert.equal(searchParams.get("iss"), stack.url);
      assert.ok(searchParams.get("code"), address);
      const { status, body } = await form(`${stack.url}/oauth/token`, {
        grant_type: "authorization_code",
        code: searchParams.get("code"),
        code_verifier: verifier,
        client_id: clientId,
        redirect_uri: app.redirectUri,
      });
      assert.equal(status, 200, JSON.stringify(body));
      return body;
    },
  };
}

const decision = (value) => `button[name=decision][value=${value}]`;
const backInApp = (page) => page.waitForURL((url) => url.href.startsWith(app.redirectUri));

/** Runs a case as a new person, who must not have been given anything to complain about. */
function walk(name, steps) {
  test(name, async () => {
    const person = await newPerson(browser, stack.url);
    try {
      await steps(person);
      assert.deepEqual(person.complaints, []);
    } catch (error) {
      await person.page.screenshot({ path: new URL(`../screenshots/failed-${Number.parseInt(name)}.png`, import.meta.url).pathname }).catch(() => {});
      throw new Error(`${error.message}\nat ${person.page.url()}\n${person.complaints.join("\n")}`, { cause: error });
    } finally {
      await person.context.close();
    }
  });
}

walk("1. the landing page", async ({ page }) => {
  const response = await page.goto(stack.url);
  assert.equal(response.status(), 200);
  assert.equal(await page.textContent("#mcp-url"), `${stack.url}/mcp`);
  assert.match(await page.textContent("main"), /mcp-remote/);
  assert.equal(await page.locator("h1").count(), 1);
  await picture(page, "landing", { phone: true });
});

walk("2. consent, login, and back to the app", async ({ page }) => {
  const client = await newApp();
  await page.goto(client.url);
  assert.match(await page.textContent("h1"), /Options Notebook/);
  assert.match(await page.textContent("main"), /127\.0\.0\.1/);
  assert.equal(await page.locator("input[name=scope]:checked").count(), 5);
  await picture(page, "consent", { phone: true });
  await page.click(decision("login"));

  await page.waitForURL(`${stack.simUrl}/**`);
  await picture(page, "tastytrade-login", { phone: true });
  await page.fill("#username", "trader");
  await page.fill("#password", "wrong");
  await page.click("button[type=submit]");
  assert.match(await page.textContent("[role=alert]"), /wrong/);
  await picture(page, "tastytrade-login-wrong");
  await page.fill("#password", PASSWORD);
  await page.click("button[type=submit]");
  await page.fill("#code", "000000");
  await page.click("button[type=submit]");
  assert.match(await page.textContent("[role=alert]"), /wrong/);
  await picture(page, "tastytrade-code");
  await page.fill("#code", ONE_TIME_CODE);
  await page.click("button[type=submit]");
  assert.match(await page.textContent("h1"), /Allow/);
  await picture(page, "tastytrade-consent");
  await page.click(decision("allow"));
  await backInApp(page);
  const tokens = await client.redeem(page.url());
  assert.ok(tokens.access_token && tokens.refresh_token);
});

walk("3. the person's own grant", async ({ context, page }) => {
  const client = await newApp();
  await page.goto(client.url);
  const tastyTrade = await context.newPage();
  await tastyTrade.goto(`${stack.simUrl}/grants`);
  await logInAtTastyTrade(tastyTrade);
  await tastyTrade.click("button[value=create]");
  const secret = await tastyTrade.textContent("#client-secret");
  const token = await tastyTrade.textContent("#refresh-token");
  await picture(tastyTrade, "tastytrade-create-grant");

  await page.click("summary");
  await page.fill("input[name=client_secret]", secret);
  await page.fill("input[name=refresh_token]", "not-a-refresh-token");
  await picture(page, "consent-grant", { phone: true });
  await page.click(decision("grant"));
  assert.match(await page.textContent("[role=alert]"), /refresh token|grant/i);
  assert.equal(await page.inputValue("input[name=client_secret]"), "", "a secret is not sent back");
  await picture(page, "consent-grant-refused");

  // Copied with what a selection takes along.
  await page.fill("input[name=client_secret]", ` ${secret} `);
  await page.fill("input[name=refresh_token]", token);
  await page.press("input[name=refresh_token]", "Enter");
  await backInApp(page);
  await client.redeem(page.url());
});

walk("4. deny", async ({ page }) => {
  const client = await newApp();
  await page.goto(client.url);
  await page.click(decision("deny"));
  await backInApp(page);
  assert.equal(new URL(page.url()).searchParams.get("error"), "access_denied");

  await page.goto((await newApp()).url);
  await page.click(decision("login"));
  await logInAtTastyTrade(page);
  await page.click(decision("deny"));
  await backInApp(page);
  assert.equal(new URL(page.url()).searchParams.get("error"), "access_denied");
  assert.equal(new URL(page.url()).searchParams.get("code"), null);
});

walk("5. the consent page with the keyboard alone", async ({ page }) => {
  const client = await newApp();
  await page.goto(client.url);
  const focused = () =>
    page.evaluate(() => {
      const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
      const element = document.activeElement;
      return { what: element.value || element.textContent.trim() || element.name, visible: outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 2 };
    });
  /** Presses Tab until the element with this value or text has the focus; every stop on the way must be visible. */
  const tabTo = async (wanted, key = "Tab") => {
    const stops = [];
    for (let press = 0; press < 20; press += 1) {
      await page.keyboard.press(key);
      const stop = await focused();
      assert.ok(stop.visible, `the focus on ${stop.what} cannot be seen`);
      if (stop.what === wanted) return;
      stops.push(stop.what);
    }
    assert.fail(`${wanted} is not reached; the stops are ${stops.join(", ")}`);
  };
  await tabTo("market:read");
  await tabTo("alerts:write");
  await page.keyboard.press("Space");
  await tabTo("Use my own grant");
  await page.keyboard.press("Enter");
  await tabTo("client_secret");
  await picture(page, "consent-keyboard");
  await tabTo("deny");
  await tabTo("login", "Shift+Tab");
  await page.keyboard.press("Enter");

  await page.locator("#username:focus").waitFor();
  await page.keyboard.type("trader");
  await page.keyboard.press("Tab");
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press("Enter");
  await page.locator("#code:focus").waitFor();
  await page.keyboard.type(ONE_TIME_CODE);
  await page.keyboard.press("Enter");
  await page.locator(decision("allow")).waitFor();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await backInApp(page);
  const { scope } = await client.redeem(page.url());
  assert.deepEqual(scope.split(" ").sort(), ["account:read", "analysis:run", "market:read", "settings:write"]);
});

/** Opens the dashboard, logging in first. */
async function openDashboard(page) {
  await page.goto(`${stack.url}/dashboard`);
  await page.waitForURL(`${stack.url}/login**`);
  await page.click(decision("login"));
  await logInAtTastyTrade(page);
  await page.click(decision("allow"));
  await page.waitForURL(`${stack.url}/dashboard`);
}

/** Waits until the status line says that a sync has ended well; one that follows closely on another is held back a while. */
const synced = (page, after = "") =>
  page.waitForFunction(
    (before) => {
      const { dataset } = document.getElementById("sync-status");
      return dataset.workflow !== before && dataset.status === "complete";
    },
    after,
    { timeout: 40_000 },
  );

walk("6. the dashboard sees a sync finish", async ({ context, page }) => {
  await page.goto(`${stack.url}/login`);
  await picture(page, "login", { phone: true });
  await openDashboard(page);
  await page.getByText("Live", { exact: true }).waitFor();
  await synced(page);
  await page.getByText("AAPL").first().waitFor();
  await picture(page, "dashboard", { phone: true });

  const first = await page.getAttribute("#sync-status", "data-workflow");
  await page.evaluate(() => {
    window.sameDocument = true;
    window.statuses = [];
    const line = document.getElementById("sync-status");
    new MutationObserver(() => window.statuses.push(line.dataset.status)).observe(line, { attributes: true, childList: true });
  });
  // The tab in which the sync is started is slow: its script arrives when all is over.
  const other = await context.newPage();
  await other.goto(`${stack.url}/dashboard`);
  let release;
  const over = new Promise((done) => (release = done));
  await other.route("**/assets/dashboard.js", (route) => over.then(() => route.continue()));
  await other.getByRole("button", { name: "Sync now" }).click({ noWaitAfter: true });

  await synced(page, first);
  assert.equal(await page.evaluate(() => window.sameDocument), true, "the page was loaded again");
  assert.ok((await page.evaluate(() => window.statuses)).some((status) => status === "queued" || status === "running"), "only the end was seen");
  release();
  await synced(other, first);
});

walk("7. logging out", async ({ page }) => {
  await openDashboard(page);
  await page.getByRole("button", { name: /log out/i }).click();
  await page.getByRole("heading", { name: /logged out/i }).waitFor();
  await picture(page, "logged-out");
  await page.goto(`${stack.url}/dashboard`);
  assert.match(page.url(), /\/login/);
});

walk("8. what cannot be done ends on a page that says so", async ({ page, complaints }) => {
  const url = new URL((await newApp()).url);
  url.searchParams.set("client_id", "nobody");
  const response = await page.goto(url.href);
  assert.equal(response.status(), 400);
  assert.equal(page.url().startsWith(stack.url), true, "nobody is redirected to an app that is not known");
  assert.match(await page.textContent("h1"), /not known/);
  await picture(page, "unknown-app");

  // A consent page whose cookie this browser does not have (any more).
  await page.goto((await newApp()).url);
  await page.context().clearCookies();
  await page.click(decision("login"));
  assert.match(await page.textContent("h1"), /another browser|no longer open/);
  await picture(page, "another-browser");
  // The browser writes a line of its own about every page with an error status.
  complaints.splice(0, complaints.length, ...complaints.filter((line) => !line.includes("the server responded with a status of 4")));
});
