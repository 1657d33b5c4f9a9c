// Follows the user's syncs while the dashboard is open: says where one stands, and renews the figures when it is done. What
// TastyTrade tells of balances meanwhile is shown at once.
// The page works without this script; it only has to be reloaded then.

const status = document.getElementById("sync-status");
const connection = document.getElementById("live");
let pause = 1000;

function say(job) {
  const words = {
    queued: "A sync is queued.",
    running: `Syncing: ${job.progress ?? "starting"}…`,
    complete: "The last sync is complete.",
    errored: `The last sync failed: ${job.error ?? "no reason was recorded"}`,
  };
  status.textContent = words[job.status] ?? job.status;
  status.dataset.status = job.status;
  status.dataset.workflow = job.workflow_id;
}

// Takes over what the server would show now.
async function renew() {
  const response = await fetch(location.pathname, { headers: { accept: "text/html" } });
  if (!response.ok) return;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const accounts = page.getElementById("accounts");
  const job = page.getElementById("sync-status");
  if (!accounts || !job) return;
  document.getElementById("accounts").replaceWith(accounts);
  status.textContent = job.textContent;
  Object.assign(status.dataset, job.dataset);
}

const money = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD" });

// What TastyTrade has just told of an account.
function hear({ kind, account, ...news }) {
  const cards = document.querySelectorAll(`[data-account="${CSS.escape(account ?? "")}"]`);
  if (kind === "balance" && cards.length === 1) {
    for (const figure of cards[0].querySelectorAll("[data-figure]")) {
      const amount = news[figure.dataset.figure];
      if (typeof amount === "number") figure.textContent = money.format(amount).replace("-", "\u2212");
    }
  } else if (kind !== "order") {
    connection.textContent = "Live. Positions have changed: sync now to see them.";
  }
}

function connect() {
  const socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}/ws`);
  socket.addEventListener("open", () => {
    pause = 1000;
    socket.send(JSON.stringify({ type: "subscribe", channels: ["sync", "portfolio"] }));
  });
  socket.addEventListener("message", (event) => {
    const message = JSON.parse(event.data);
    if (message.type === "subscribed") {
      connection.textContent = "Live";
      // Whatever happened between the page's making and now was told to nobody.
      renew();
    }
    if (message.channel === "portfolio") hear(message.data);
    if (message.channel !== "sync") return;
    say(message.data);
    if (message.data.status === "complete") {
      connection.textContent = "Live";
      renew();
    }
  });
  socket.addEventListener("close", () => {
    connection.textContent = "Not live, connecting again…";
    setTimeout(connect, pause);
    pause = Math.min(pause * 2, 30000);
  });
}

connect();
