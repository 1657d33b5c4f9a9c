// A person at a browser without a screen: opens addresses, fills in forms, presses buttons.
import assert from "node:assert/strict";
import { Browser as Pages } from "../../scripts/lib/login.mjs";

export class Browser {
  #pages = new Pages();

  /** The cookies for an address, as a header. */
  cookieHeader(url) {
    return Object.entries(this.#pages.cookies(url)).map(([name, value]) => `${name}=${value}`).join("; ");
  }

  /** One request, without following its answer. */
  fetch(url, init) {
    return this.#pages.request(url, init);
  }

  /**
   * Opens an address and follows redirects to a page. An address that begins with `until` is not asked for: the answer is
   * then `{url, arrived}`, as an app would receive it.
   */
  async open(url, { until, ...init } = {}) {
    return reached(await this.#pages.open(url, init, stop(until)));
  }

  /**
   * Fills in and sends the form that has the button `press` (`name=value`), or the only form. An array of `fields` is the
   * boxes that are left ticked.
   */
  async submit(page, fields = {}, { press, until } = {}) {
    const [name, value] = press?.split("=") ?? [];
    const forms = page.root?.querySelectorAll("form") ?? [];
    const has = (form) => form.querySelectorAll("button").some((button) => button.getAttribute("name") === name && button.getAttribute("value") === value);
    const form = press ? forms.find(has) : forms[0];
    assert.ok(form, `no form${press ? ` with the button ${press}` : ""} on ${page.url} (${page.status}): ${page.text}`);
    // The page may have been opened by another browser: this one sends it.
    page.browser = this.#pages;
    return reached(await page.submit(form, press ? { ...fields, [name]: value } : fields, stop(until)));
  }
}

const stop = (until) => (target) => Boolean(until) && target.href.startsWith(until);
const reached = ({ stopped, page }) => (stopped ? { url: stopped, arrived: stopped } : page);
