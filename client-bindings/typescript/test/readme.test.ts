/** The README's programs do what the README says. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import ts from "typescript";

import { TestFacade } from "./support/facade";
import { TestNode } from "./support/node";

const PACKAGE = fileURLToPath(new URL("..", import.meta.url));
const DEADLINE_MS = 60_000;

test("the first program connects, subscribes and calls in under 20 lines", async (t) => {
  const [program = ""] = await programs();
  assert.ok(program.trim().split("\n").length < 20, "it is no longer short");
  const node = await TestNode.start(t);
  await node.publish("worldloom", "spacetime_module");

  assert.ok(program.includes('"http://127.0.0.1:3000"'));
  const said = await run(t, program.replace("http://127.0.0.1:3000", node.uri));
  assert.match(said, /^players\/[0-9a-f]{64}\/portrait\.png is Pending$/m);
});

test("the program for the HTTP API logs in, uploads and follows a text", async (t) => {
  const [program = ""] = (await programs()).filter(usesHttp);
  const node = await TestNode.start(t);
  const facade = await TestFacade.start(t, node, await node.publish("worldloom", "spacetime_module"));

  assert.ok(program.includes('"http://127.0.0.1:8080"'));
  const said = await run(t, program.replace("http://127.0.0.1:8080", facade.url));
  assert.match(said, /^uploads\/[0-9a-f]{64}\/\S*pixel\.png is confirmed\n.{20,}\ncompleted$/ms);
});

test("the other programs compile", async (t) => {
  const others = (await programs()).slice(1).filter((program) => !usesHttp(program));
  assert.notEqual(others.length, 0);
  for (const program of others) {
    const context = `
      declare const connection: import("@worldloom/client").DbConnection;
      declare const assetId: import("spacetimedb").Uuid;
    `;
    assert.equal(typeErrors(await saved(t, program + context)), "");
  }
});

function usesHttp(program: string): boolean {
  return program.includes("@worldloom/client/http");
}

/** What a program prints that has no type errors. */
async function run(t: TestContext, program: string): Promise<string> {
  const file = await saved(t, program);
  assert.equal(typeErrors(file), "");
  const options = { cwd: PACKAGE, timeout: DEADLINE_MS };
  const { stdout } = await promisify(execFile)(process.execPath, ["--import", "tsx", file], options);
  return stdout;
}

/** The TypeScript programs in the README. */
async function programs(): Promise<string[]> {
  const readme = await readFile(join(PACKAGE, "README.md"), "utf8");
  return [...readme.matchAll(/^```typescript\n(.*?)^```$/gms)].map(([, program]) => program ?? "");
}

/** A program in a file inside the package, so that `@worldloom/client` is this very package. */
async function saved(t: TestContext, program: string): Promise<string> {
  const folder = await mkdtemp(join(PACKAGE, "test", "readme-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, "program.ts");
  await writeFile(file, program);
  return file;
}

/** What the compiler says about a file under the package's own strict options. */
function typeErrors(file: string): string {
  const { config } = ts.readConfigFile(join(PACKAGE, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, PACKAGE);
  const problems = ts.getPreEmitDiagnostics(ts.createProgram([file], options));
  return ts.formatDiagnostics(problems, {
    getCanonicalFileName: (name) => name,
    getCurrentDirectory: () => PACKAGE,
    getNewLine: () => "\n",
  });
}
