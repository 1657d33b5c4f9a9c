// What lies in D1, KV and R2, and what workflow instances do, seen through the local server's explorer API.
import { readFileSync } from "node:fs";
import { parse } from "smol-toml";
import { CONFIGS } from "../../scripts/lib/paths.mjs";
import { poll } from "./poll.mjs";

const config = parse(readFileSync(CONFIGS["mcp-server"], "utf8"));
const DATABASE = config.d1_databases[0].database_id;
const NAMESPACE = config.kv_namespaces[0].id;
const BUCKET = config.r2_buckets[0].bucket_name;
const WORKFLOW = config.workflows[0].name;

async function json(response) {
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.url}: ${response.status} ${text.slice(0, 300)}`);
  return JSON.parse(text);
}

const post = (stack, path, body, method = "POST") => stack.explorer(path, { method, headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

/** Rows of one SQL statement, as objects. */
export async function d1(stack, sql, params = []) {
  const { result } = await json(await post(stack, `d1/database/${DATABASE}/raw`, { sql, params: params.map(String) }));
  const { columns = [], rows = [] } = result[0]?.results ?? {};
  return rows.map((row) => Object.fromEntries(columns.map((column, index) => [column, row[index]])));
}

/** Every row of every table of D1 as one text: what a thief of the database would have. */
export async function dump(stack) {
  const tables = await d1(stack, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '\\_cf%' ESCAPE '\\' AND name NOT LIKE 'knowledge\\_%' ESCAPE '\\'");
  const contents = await Promise.all(tables.map(async ({ name }) => [name, await d1(stack, `SELECT * FROM "${name}"`)]));
  return JSON.stringify(Object.fromEntries(contents));
}

const value = (key) => `storage/kv/namespaces/${NAMESPACE}/values/${encodeURIComponent(key)}`;

export const kv = {
  /** The value, or null. */
  async get(stack, key) {
    const response = await stack.explorer(value(key));
    if (response.status === 404) return null;
    if (!response.ok) throw new Error(`KV ${key}: ${response.status}`);
    return response.text();
  },
  async put(stack, key, text) {
    const form = new FormData();
    form.set("value", text);
    form.set("metadata", "null");
    await json(await stack.explorer(value(key), { method: "PUT", body: form }));
  },
  async delete(stack, key) {
    const response = await stack.explorer(value(key), { method: "DELETE" });
    if (!response.ok && response.status !== 404) throw new Error(`KV ${key}: ${response.status}`);
  },
  async keys(stack) {
    const { result } = await json(await stack.explorer(`storage/kv/namespaces/${NAMESPACE}/keys`));
    return result.map(({ name }) => name);
  },
};

export const r2 = {
  async put(stack, key, text) {
    await json(await stack.explorer(`r2/buckets/${BUCKET}/objects/${encodeURIComponent(key)}`, { method: "PUT", headers: { "content-type": "application/octet-stream" }, body: text }));
  },
  async keys(stack, prefix = "") {
    const { result } = await json(await stack.explorer(`r2/buckets/${BUCKET}/objects?prefix=${encodeURIComponent(prefix)}`));
    return result.map(({ key }) => key);
  },
};

/** A workflow instance with its steps and attempts, or null. */
export async function instance(stack, id) {
  const response = await stack.explorer(`workflows/${WORKFLOW}/instances/${id}`);
  if (response.status === 404) return null;
  return (await json(response)).result;
}

/** The step whose name begins like this; the runtime numbers steps of one name. */
export function stepOf(found, name) {
  return found?.steps?.find((step) => step.name?.startsWith(name));
}

/** The row of a job, or undefined. */
export async function job(stack, id) {
  const [row] = await d1(stack, "SELECT * FROM jobs WHERE id = ?1", [id]);
  return row;
}

/** Waits until a job has ended and gives its row. */
export function ended(stack, id, options = {}) {
  const { within = 30_000 } = options;
  return poll(`job ${id} ends`, async () => {
    const row = await job(stack, id);
    return ["complete", "errored"].includes(row?.status) && row;
  }, { every: 150, within });
}

/** Runs the analysis worker's minute cron once, now. */
export async function tick(stack) {
  const { dispatch } = await import("../../scripts/lib/cron.mjs");
  await dispatch(stack, "* * * * *");
}
