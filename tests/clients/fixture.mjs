// The server with something of everything (tests/conformance/fixture), as the official clients of both eras drive it: what the
// product has no use for so far, such as questions back to the client, is exercised here on the product's own transport,
// sessions and protocol core. The checks are the same for both eras; what differs is handed in.
import assert from "node:assert/strict";
import { after } from "node:test";
import { build, FIXTURE } from "../../scripts/lib/build.mjs";
import { setup } from "../../scripts/lib/setup.mjs";
import { startFixture } from "../conformance/suite.mjs";

/** How many items its lists have on a page. */
export const PAGE = 10;

/** Starts the fixture for this file. */
export async function useFixture() {
  await build([FIXTURE], async () => (await setup()).env);
  const fixture = await startFixture({ MCP_PAGE_SIZE: String(PAGE) });
  after(() => fixture.stop());
  return fixture;
}

/** What a client declares that can be asked everything. */
export const ABLE = { elicitation: { form: {} }, sampling: {}, roots: {} };

function filledIn({ type, default: usual, enum: words, oneOf, items }) {
  if (usual !== undefined) return usual;
  if (type === "array") return [items.enum?.[0] ?? items.anyOf[0].const];
  if (oneOf) return oneOf[0].const;
  return words?.[0] ?? { string: "Ann", boolean: true, number: 1, integer: 1 }[type];
}

/** A person who fills in every form and has one folder, and a model that knows one capital. `asked` are the methods, in order. */
export function answering() {
  const asked = [];
  const note = (method, answer) => (request) => {
    asked.push(method);
    return answer(request.params);
  };
  return {
    asked,
    elicit: note("elicitation/create", ({ requestedSchema }) => ({ action: "accept", content: Object.fromEntries(Object.entries(requestedSchema.properties).map(([name, field]) => [name, filledIn(field)])) })),
    sample: note("sampling/createMessage", () => ({ role: "assistant", content: { type: "text", text: "Paris" }, model: "a-model", stopReason: "endTurn" })),
    roots: note("roots/list", () => ({ roots: [{ uri: "file:///home/ann", name: "home" }] })),
  };
}

const kinds = ({ content }) => content.map(({ type }) => type);

/** Every kind of content, and an error. */
export async function checkContents(call) {
  assert.deepEqual((await call("test_simple_text")).content, [{ type: "text", text: "This is a simple text response for testing." }]);
  const [image] = (await call("test_image_content")).content;
  assert.deepEqual([image.type, image.mimeType], ["image", "image/png"]);
  assert.equal(Buffer.from(image.data, "base64").subarray(1, 4).toString(), "PNG");
  const [sound] = (await call("test_audio_content")).content;
  assert.deepEqual([sound.type, sound.mimeType], ["audio", "audio/wav"]);
  const [embedded] = (await call("test_embedded_resource")).content;
  assert.equal(embedded.resource.text, "This is an embedded resource content.");
  assert.deepEqual(kinds(await call("test_multiple_content_types")), ["text", "image", "resource"]);
  const failed = await call("test_error_handling");
  assert.equal(failed.isError, true);
  assert.equal(failed.content[0].text, "This tool intentionally returns an error for testing");
  await assert.rejects(call("no_such_tool"), { code: -32602 });
}

/** Progress comes before the result, and only ever increases. */
export async function checkProgress(call) {
  const told = [];
  const result = await call("test_tool_with_progress", {}, { onprogress: (progress) => told.push(progress) });
  assert.equal(result.content[0].text, "Reported progress.");
  assert.deepEqual(told.map(({ progress, total, message }) => [progress, total, message]), [[0, 100, "Working"], [50, 100, "Working"], [100, 100, "Working"]]);
}

/** Goes through the pages of the tools by their cursors: `list(cursor)` gives one page. */
export async function checkPages(list) {
  const names = [];
  let pages = 0;
  for (let cursor; pages === 0 || cursor; pages += 1) {
    const { tools, nextCursor } = await list(cursor);
    assert.ok(tools.length > 0 && tools.length <= PAGE, `${tools.length} on page ${pages}`);
    names.push(...tools.map(({ name }) => name));
    cursor = nextCursor;
  }
  assert.ok(pages > 2, `${pages} pages`);
  assert.equal(new Set(names).size, names.length);
  assert.ok(names.includes("test_simple_text") && names.includes("json_schema_2020_12_tool"), names.join(", "));
  await assert.rejects(list("bm90LW91cnM.bm90LW91cnM"), { code: -32602 });
}

/** Texts, bytes, a template, and an address that there is not. */
export async function checkResources(client, notFound) {
  const { resources } = await client.listResources();
  assert.deepEqual(resources.map(({ uri }) => uri), ["test://static-text", "test://static-binary", "test://watched-resource"]);
  const read = async (uri) => (await client.readResource({ uri })).contents[0];
  assert.deepEqual(await read("test://static-text"), { uri: "test://static-text", mimeType: "text/plain", text: "This is the content of the static text resource." });
  assert.equal(Buffer.from((await read("test://static-binary")).blob, "base64").subarray(1, 4).toString(), "PNG");
  assert.deepEqual((await client.listResourceTemplates()).resourceTemplates.map(({ uriTemplate }) => uriTemplate), ["test://template/{id}/data"]);
  assert.equal(JSON.parse((await read("test://template/a%20b/data")).text).id, "a b");
  await assert.rejects(client.readResource({ uri: "test://nothing" }), { code: notFound });
}

/** Prompts with arguments, a resource and a picture, and completions. */
export async function checkPrompts(client) {
  const { prompts } = await client.listPrompts();
  assert.equal(prompts.length, 5);
  const get = async (name, args) => (await client.getPrompt({ name, arguments: args })).messages.map(({ content }) => content);
  assert.equal((await get("test_prompt_with_arguments", { arg1: "hello", arg2: "world" }))[0].text, "Prompt with arguments: arg1='hello', arg2='world'");
  assert.equal((await get("test_prompt_with_embedded_resource", { resourceUri: "test://x" }))[0].resource.uri, "test://x");
  assert.equal((await get("test_prompt_with_image"))[0].mimeType, "image/png");
  await assert.rejects(client.getPrompt({ name: "test_prompt_with_arguments", arguments: {} }), { code: -32602 });
  await assert.rejects(client.getPrompt({ name: "no_such_prompt" }), { code: -32602 });
  const complete = async (ref, name) => (await client.complete({ ref, argument: { name, value: "par" } })).completion;
  assert.deepEqual(await complete({ type: "ref/prompt", name: "test_prompt_with_arguments" }, "arg1"), { values: ["paris", "park", "party"], total: 3, hasMore: false });
  assert.equal((await complete({ type: "ref/resource", uri: "test://template/{id}/data" }, "id")).values.length, 3);
}

const ELICIT = "elicitation/create";
const SAMPLE = "sampling/createMessage";
const ROOTS = "roots/list";

/** Every tool that asks its client back, and the prompt that does: what was asked, and what came of it. */
export async function checkQuestions(client, call, asked) {
  for (const [name, args, questions, text] of [
    ["test_elicitation", { message: "Who?" }, [ELICIT], /action=accept.*Ann/],
    ["test_elicitation_sep1034_defaults", {}, [ELICIT], /"age":30.*"name":"John Doe".*"score":95\.5.*"status":"active".*"verified":true/],
    ["test_elicitation_sep1330_enums", {}, [ELICIT], /"legacyEnum":"opt1".*"titledMulti":\["value1"\].*"titledSingle":"value1".*"untitledMulti":\["option1"\]/],
    ["test_sampling", { prompt: "The capital of France?" }, [SAMPLE], /^LLM response: Paris$/],
    ["test_input_required_result_elicitation", {}, [ELICIT], /^Hello, Ann!$/],
    ["test_input_required_result_sampling", {}, [SAMPLE], /^Paris$/],
    ["test_input_required_result_list_roots", {}, [ROOTS], /^file:\/\/\/home\/ann$/],
    ["test_input_required_result_request_state", {}, [ELICIT], /state-ok/],
    ["test_input_required_result_multiple_inputs", {}, [ELICIT, SAMPLE, ROOTS], /^Paris .*Ann.* 1 roots$/],
    ["test_input_required_result_multi_round", {}, [ELICIT, ELICIT], /^All rounds are done\.$/],
  ]) {
    asked.length = 0;
    const result = await call(name, args);
    assert.ok(!result.isError, `${name}: ${JSON.stringify(result)}`);
    assert.match(result.content[0].text, text, name);
    assert.deepEqual(asked.toSorted(), questions.toSorted(), name);
  }
  asked.length = 0;
  const { messages } = await client.getPrompt({ name: "test_input_required_result_prompt" });
  assert.match(messages[0].content.text, /In the context of .*Ann/);
  assert.deepEqual(asked, [ELICIT]);
}

/** A call whose question waits for ever is given up by its client, and the next one is answered. */
export async function checkCancellation(call, waits) {
  const giving = new AbortController();
  const call1 = call("test_elicitation", { message: "Who?" }, { signal: giving.signal });
  await waits;
  giving.abort("not needed any more");
  await assert.rejects(call1, /not needed|abort/i);
  assert.equal((await call("test_simple_text")).content.length, 1);
}
