/** The HTTP API through its generated types, on a real facade before a real node. */

import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";

import { createConfig, lint } from "@redocly/openapi-core";

import { dataOrThrow, followTask, type HttpClient, httpClient, HttpFailure, type TaskEvent } from "../src/http";
import { TestFacade } from "./support/facade";
import { TestNode } from "./support/node";
import { within } from "./support/waiting";

const DESCRIPTION = fileURLToPath(new URL("../../http/openapi.json", import.meta.url));

test("the description is valid OpenAPI, and its examples fit its schemas", async () => {
  const config = await createConfig({
    rules: {
      struct: "error",
      "no-unresolved-refs": "error",
      "operation-operationId-unique": "error",
      "no-identical-paths": "error",
      "path-declaration-must-exist": "error",
      "path-parameters-defined": "error",
      "security-defined": "error",
      "no-invalid-media-type-examples": "error",
      "no-invalid-schema-examples": "error",
      "no-invalid-parameter-examples": "error",
    },
  });
  const problems = await lint({ ref: DESCRIPTION, config });
  const lines = problems.map(({ ruleId, message, location }) => `${ruleId} ${location[0]?.pointer}: ${message}`);
  assert.deepEqual(lines, []);
});

test("a guest logs in, sees its device and logs out", async (t) => {
  const { facade } = await product(t);
  const nobody = httpClient({ url: facade.url });
  const tokens = await guest(nobody);
  assert.equal(tokens.is_new_account, true);
  const http = httpClient({ url: facade.url, token: async () => tokens.access_token });

  const devices = await dataOrThrow(http.GET("/auth/devices"));
  assert.deepEqual(
    devices.map(({ device_name, session_id }) => [device_name, session_id]),
    [["test", tokens.session_id]],
  );
  const refresh_token = tokens.refresh_token!;
  assert.equal(await dataOrThrow(http.POST("/auth/logout", { body: { refresh_token } })), undefined);
  await refused(nobody.POST("/auth/refresh", { body: { refresh_token } }), 401, "login_refused");
});

test("a refusal is a typed problem", async (t) => {
  const { facade } = await product(t);
  const nobody = httpClient({ url: facade.url });
  const path = { asset_id: randomUUID() };
  await refused(nobody.GET("/assets/{asset_id}", { params: { path } }), 404, "not_found");
  const problem = await refused(nobody.DELETE("/assets/{asset_id}", { params: { path } }), 401, "unauthenticated");
  assert.match(problem.request_id, /^[0-9a-f-]{36}$/);
  const forged = httpClient({ url: facade.url, token: () => "not.a.token" });
  await refused(forged.GET("/auth/logins"), 401, "unauthenticated");
});

test("a task is followed to its end over a facade that dies in the middle", async (t) => {
  const { facade } = await product(t, { AI__LEASE_S: "5" });
  const tokens = await guest(httpClient({ url: facade.url }));
  const http = httpClient({ url: facade.url, token: () => tokens.access_token });
  const params = { header: { "Idempotency-Key": "song" } };
  const body = { kind: "text", request: "A lullaby.", attempts_max: 3 };
  const { task_id } = await dataOrThrow(http.POST("/ai/tasks", { params, body }));

  const told: TaskEvent[] = [];
  const following = followTask(http, task_id);
  for (;;) {
    const { value, done } = await within("the next event", following.next());
    if (done) {
      break;
    }
    told.push(value);
    if (told.filter(({ event }) => event === "text").length === 1 && value.event === "text") {
      await facade.kill();
      await facade.restart();
    }
  }
  const last = told.at(-1)!;
  assert.ok(last.event === "end" && last.data.status === "completed", JSON.stringify(last));
  const texts = told.flatMap((event) => (event.event === "text" ? [event.data] : []));
  const attempts = new Set(texts.map(({ attempt }) => attempt));
  assert.deepEqual([...attempts], [1, 2], "the second begins when the dead facade's lease has ended");
  for (const attempt of attempts) {
    const numbers = texts.filter((text) => text.attempt === attempt).map(({ sequence }) => sequence);
    const expected = numbers.map((_number, index) => index + 1);
    assert.deepEqual(numbers, expected, "no piece is missing or told twice");
  }
});

async function refused(answer: Parameters<typeof dataOrThrow>[0], status: number, code: string) {
  try {
    await dataOrThrow(answer);
  } catch (error) {
    assert.ok(error instanceof HttpFailure, String(error));
    assert.deepEqual([error.problem.status, error.problem.code], [status, code]);
    assert.equal(error.message, error.problem.detail);
    return error.problem;
  }
  throw new Error(`This was not refused with ${code}.`);
}

function guest(http: HttpClient) {
  const proof = { device_secret: randomBytes(32).toString("base64url") };
  return dataOrThrow(http.POST("/auth/login", { body: { provider: "device", proof, client: "app", device_name: "test" } }));
}

async function product(t: TestContext, settings: Record<string, string> = {}): Promise<{ facade: TestFacade }> {
  const node = await TestNode.start(t);
  const ownerToken = await node.publish("worldloom", "spacetime_module");
  return { facade: await TestFacade.start(t, node, ownerToken, settings) };
}
