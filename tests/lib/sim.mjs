// The simulator's controls.
import { after } from "node:test";

/** The controls of a stack's simulator. When the file ends, faults, clock and tokens are as usual again. */
export function simulator(stack) {
  const call = async (method, path, body) => {
    const response = await fetch(`${stack.simUrl}/sim/${path}`, { method, headers: { "content-type": "application/json" }, body: body && JSON.stringify(body) });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} /sim/${path}: ${response.status} ${text.slice(0, 300)}`);
    return text ? JSON.parse(text) : null;
  };
  const self = {
    state: () => call("GET", "state"),
    requests: () => call("GET", "requests"),
    reset: (body = {}) => call("POST", "reset", body),
    clock: (body) => call("POST", "clock", body),
    /** `{path, fault, times, retry_after, seconds, after}`; `times: null` is "until cleared". */
    fault: (body) => call("POST", "faults", body),
    clear: () => call("DELETE", "faults"),
    revoke: (user) => call("POST", "revoke", { user }),
    expireAccess: (user) => call("POST", "expire-access", { user }),
    accessLifetime: (seconds) => call("POST", "access-lifetime", { seconds }),
    /** A grant as the Create Grant page makes it, of all scopes unless some are named: `{client_secret, refresh_token}`. */
    grant: (user, scopes) => call("POST", "grant", { user, scopes }),
    price: (symbol, price) => call("POST", "price", { symbol, price }),
    /** Whether DXLink ends the session of a client that says its token before it is asked, as it does since June 2026. */
    handshake: (strict) => call("POST", "handshake", { strict }),
    /** Closes every open WebSocket from the simulator's side. */
    closeSockets: () => call("DELETE", "sockets"),
    /** Tells the followers of an account of its `AccountBalance` or `CurrentPosition`. */
    announce: (account, kind) => call("POST", "announce", { account, kind }),
    /** How many access tokens were made for a user. */
    mints: async (user) => (await self.state()).mints.by_user[user] ?? 0,
    /** The requests since a mark that `mark()` gave, whose path matches. */
    since: async (mark, pattern = /./) => (await self.requests()).filter(({ id, path }) => id > mark && pattern.test(path)),
    mark: async () => Math.max(0, ...(await self.requests()).map(({ id }) => id)),
  };
  after(async () => {
    // A file that stops the simulator leaves nothing to tidy up.
    await Promise.all([self.clear(), self.clock({}), self.accessLifetime(900), self.handshake(true)]).catch(() => {});
  });
  return self;
}
