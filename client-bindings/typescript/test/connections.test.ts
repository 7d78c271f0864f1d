/** Connections: protocol, compression, tokens, restarts. */

import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";

import { DbConnection, tables, type AssetObject } from "../src/index";
import { TestNode } from "./support/node";
import { portrait } from "./support/portrait";
import { connect, subscribe, type Session } from "./support/session";
import { eventually, within } from "./support/waiting";

test("the newest protocol is spoken, and asking for gzip gets plain messages in order", async (t) => {
  const node = await publishedGame(t);
  const formats = decompressedFormats(t);
  const owner = await connect(t, DbConnection.builder(), node, "worldloom", undefined, "gzip");
  assert.equal(protocol(owner.connection), "v3.bsatn.spacetimedb");
  const names = Array.from({ length: 50 }, (_, index) => `picture-${index}`);
  await announce(owner, ["first", ...names]);

  await subscribe(owner.connection, tables.myAssets);
  // The SDK would take compressed messages in the wrong order, so the node sends none.
  assert.deepEqual(formats, []);
  assert.deepEqual(keys(rows(owner)), ["first", ...names].toSorted());
});

test("a token opens later connections of the same player", async (t) => {
  const node = await publishedGame(t);
  const first = await player(t, node);
  await announce(first, ["portrait"]);
  first.connection.disconnect();
  assert.equal(await within("the end of the first connection", first.ended), undefined);

  const [again, other] = [await player(t, node, first.token), await player(t, node)];
  assert.ok(again.identity.isEqual(first.identity));
  assert.ok(!other.identity.isEqual(first.identity));
  await subscribe(again.connection, tables.myAssets);
  assert.deepEqual(keys(rows(again)), ["portrait"]);
  await assert.rejects(player(t, node, `${first.token}x`), /Failed to verify token: Unauthorized/);
});

test("one player's connections see each other's changes", async (t) => {
  const node = await publishedGame(t);
  const phone = await player(t, node);
  const desk = await player(t, node, phone.token);
  await subscribe(desk.connection, "SELECT * FROM my_assets WHERE byte_size = 1024");
  await announce(phone, ["portrait"]);
  await eventually("the row", () => rows(desk).length === 1);
  assert.equal(rows(phone).length, 0, "only the desk has subscribed");
});

test("an ended subscription takes its rows with it", async (t) => {
  const node = await publishedGame(t);
  const owner = await player(t, node);
  await announce(owner, ["portrait"]);
  const all = await subscribe(owner.connection, tables.myAssets);
  const some = await subscribe(
    owner.connection,
    tables.myAssets.where((asset) => asset.byteSize.gt(1n)),
  );
  await within("the end of one", new Promise<void>((resolve) => all.unsubscribeThen(() => resolve())));
  assert.equal(rows(owner).length, 1, "the other subscription still holds the row");
  await within("the end of both", new Promise<void>((resolve) => some.unsubscribeThen(() => resolve())));
  await eventually("the row to go", () => rows(owner).length === 0);
});

test("a subscription that cannot be is refused, and the connection goes on", async (t) => {
  const node = await publishedGame(t);
  const owner = await player(t, node);
  for (const query of ["SELECT * FROM asset_object", "SELECT * FROM nowhere", "no SQL at all"]) {
    await assert.rejects(subscribe(owner.connection, query), `${query} was accepted`);
  }
  await announce(owner, ["portrait"]);
  await subscribe(owner.connection, tables.myAssets);
  assert.equal(rows(owner).length, 1);
});

for (const ending of ["stop", "kill"] as const) {
  test(`after a ${ending} and a restart, the player finds everything as it was`, async (t) => {
    const node = await publishedGame(t);
    const before = await player(t, node);
    await subscribe(before.connection, tables.myAssets);
    await announce(before, ["first", "second"]);
    const known = await eventually("both rows", () => rows(before).length === 2 && rows(before));

    await node[ending]();
    await within("the end of the connection", before.ended);
    assert.equal(before.connection.isActive, false);
    await node.restart();

    const after = await player(t, node, before.token);
    assert.ok(after.identity.isEqual(before.identity));
    await subscribe(after.connection, tables.myAssets);
    assert.deepEqual(byKey(rows(after)), byKey(known));
    await announce(after, ["third"]);
    await eventually("the new row", () => rows(after).length === 3);
  });
}

async function publishedGame(t: TestContext): Promise<TestNode> {
  const node = await TestNode.start(t);
  await node.publish("worldloom", "spacetime_module");
  return node;
}

function player(t: TestContext, node: TestNode, token?: string): Promise<Session<DbConnection>> {
  return connect(t, DbConnection.builder(), node, "worldloom", token);
}

/** Announces uploads all at once, without waiting for one before the next. */
async function announce({ connection, identity }: Session<DbConnection>, names: string[]): Promise<void> {
  const calls = names.map((name) => connection.reducers.registerAssetObject({ request: portrait(identity, name) }));
  await within("the announcements", Promise.all(calls));
}

function rows({ connection }: Session<DbConnection>): AssetObject[] {
  return [...connection.db.myAssets.iter()];
}

function byKey(assets: AssetObject[]): AssetObject[] {
  return assets.toSorted((one, other) => one.idempotencyKey.localeCompare(other.idempotencyKey));
}

function keys(assets: AssetObject[]): string[] {
  return assets.map((asset) => asset.idempotencyKey).toSorted();
}

/** The WebSocket protocol in use, which the SDK keeps to itself. */
function protocol(connection: DbConnection): string {
  return (connection as unknown as { ws: { protocol: string } }).ws.protocol;
}

/** Notes the format of everything that is decompressed during the test. */
function decompressedFormats(t: TestContext): string[] {
  const formats: string[] = [];
  const Original = globalThis.DecompressionStream;
  globalThis.DecompressionStream = class extends Original {
    constructor(format: CompressionFormat) {
      super(format);
      formats.push(format);
    }
  };
  t.after(() => (globalThis.DecompressionStream = Original));
  return formats;
}
