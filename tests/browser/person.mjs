// A person at a browser: Chromium with what they would notice written down (errors, blocked content), the pages of
// TastyTrade's simulator, and pictures of what they see.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { which } from "../../scripts/lib/exec.mjs";
import { ROOT } from "../../scripts/lib/paths.mjs";
import { ONE_TIME_CODE, PASSWORD } from "../lib/login.mjs";

const PICTURES = join(ROOT, "tests/screenshots");
const DESKTOP = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };

/** Starts Chromium. `CHROMIUM` names another one than the system's. */
export async function startBrowser() {
  const executablePath = process.env.CHROMIUM || ["chromium", "chromium-browser", "google-chrome"].map((name) => which(name)).find(Boolean);
  assert.ok(executablePath, "there is no Chromium; npm test installs it, or set CHROMIUM");
  mkdirSync(PICTURES, { recursive: true });
  return chromium.launch({ executablePath, args: ["--no-sandbox"] });
}

/**
 * A new person: a browser profile without cookies. `complaints` are what the browser objected to on pages of `origin`:
 * uncaught errors, error lines of the console, and content that the page's policy blocked.
 */
export async function newPerson(browser, origin) {
  const context = await browser.newContext({ viewport: DESKTOP, colorScheme: "light" });
  context.setDefaultTimeout(15_000);
  const complaints = [];
  await context.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) => console.error(`blocked by the policy: ${event.violatedDirective} ${event.blockedURI}`));
  });
  context.on("weberror", (error) => complaints.push(`${error.page()?.url()}: ${error.error().message}`));
  context.on("console", (message) => {
    const at = message.page()?.url() ?? "";
    if (message.type() === "error" && at.startsWith(origin)) complaints.push(`${at}: ${message.text()}`);
  });
  return { context, complaints, page: await context.newPage() };
}

/** A picture for people to look at: desktop in the light scheme and, if asked, a phone in the dark one. */
export async function picture(page, name, { phone = false } = {}) {
  await page.screenshot({ path: join(PICTURES, `${name}-desktop-light.png`), fullPage: true });
  await assertFits(page, name);
  if (!phone) return;
  await page.emulateMedia({ colorScheme: "dark" });
  await page.setViewportSize(PHONE);
  await page.screenshot({ path: join(PICTURES, `${name}-phone-dark.png`), fullPage: true });
  await assertFits(page, `${name} on a phone`);
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize(DESKTOP);
}

/** Nothing sticks out to the right, and nobody has to scroll sideways. */
async function assertFits(page, name) {
  const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert.ok(content <= window, `${name}: the content is ${content} wide in a window of ${window}`);
}

/** The login of the simulated TastyTrade, up to its last page. */
export async function logInAtTastyTrade(page, user = "trader") {
  await page.fill("#username", user);
  await page.fill("#password", PASSWORD);
  await page.click("button[type=submit]");
  await page.fill("#code", ONE_TIME_CODE);
  await page.click("button[type=submit]");
}
