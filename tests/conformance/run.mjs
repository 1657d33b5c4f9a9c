// npm run test:conformance: the official conformance suite in the local runtime. Prints how many scenarios passed and what
// came of those that did not; ends with status 1 unless all did. There is no list of expected failures.
import { enter } from "../../scripts/lib/enter.mjs";

await enter(import.meta.url, async () => {
  const { build, FIXTURE, WORKERS } = await import("../../scripts/lib/build.mjs");
  const { setup } = await import("../../scripts/lib/setup.mjs");
  const { startStack } = await import("../../scripts/lib/stack.mjs");
  const { say } = await import("../../scripts/lib/say.mjs");
  const { login } = await import("../../scripts/lib/login.mjs");
  const suite = await import("./suite.mjs");

  const { env } = await setup();
  await build([FIXTURE, ...Object.keys(WORKERS)], async () => env);
  let isWhole = true;
  const tell = (what, results, expected = results.length) => {
    const passed = results.filter(({ verdict }) => verdict === "passed").length;
    isWhole &&= passed === expected && results.length === expected;
    for (const { name, verdict, output } of results) if (verdict !== "passed") say(`${name} ${verdict}\n${output}\n`);
    say(`conformance ${what}: ${passed}/${expected}`);
  };

  const fixture = await suite.startFixture();
  try {
    for (const [revision, expected] of Object.entries(suite.REQUIRED)) tell(revision, await suite.runRevision(fixture.url, revision), expected);
  } finally {
    await fixture.stop();
  }
  const stack = await startStack();
  try {
    tell("authorization", await suite.runAuthorization(stack));
    const { access_token: token } = await login({ url: stack.url, simUrl: stack.simUrl });
    const proxy = await suite.tokenProxy(stack.url, token);
    const production = [];
    for (const { revision, scenarios } of suite.PRODUCTION) {
      for (const name of scenarios) production.push(await suite.runScenario(proxy.url, revision, name));
    }
    await proxy.close();
    tell("of the production surface", production);
  } finally {
    await stack.stop();
  }
  return isWhole ? 0 : 1;
});
