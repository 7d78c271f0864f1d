// The server does what the end-to-end tests rely on.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { start, TEXT } from "./server.mjs";

let server;
before(async () => {
  server = await start();
});
after(() => server.mock.stop());

async function ask(content) {
  const body = JSON.stringify({ model: "m", stream: true, messages: [{ role: "user", content }] });
  const headers = { "content-type": "application/json", authorization: "Bearer none" };
  return fetch(`${server.url}/v1/chat/completions`, { method: "POST", headers, body });
}

test("a text comes as a stream of events", async () => {
  const answer = await ask("a calm sea");
  assert.match(answer.headers.get("content-type"), /^text\/event-stream/);
  const events = (await answer.text()).split("\n\n").filter(Boolean).map((event) => event.replace(/^data: /, ""));
  assert.equal(events.pop(), "[DONE]");
  const text = events.map((event) => JSON.parse(event).choices[0]?.delta?.content ?? "").join("");
  assert.equal(text, TEXT);
});

test("a busy model says when to come again", async () => {
  const answer = await ask("a busy model");
  assert.equal(answer.status, 429);
  assert.equal(answer.headers.get("retry-after"), "1");
  assert.equal((await ask("a busy model")).status, 200);
});

test("a broken wire breaks", async () => {
  const answer = await ask("a broken wire");
  await assert.rejects(answer.text());
});

test("a closed door is an error of the server", async () => {
  assert.equal((await ask("a closed door")).status, 500);
});
