/** The game module through the generated bindings, on a real node. */

import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";

import { SenderError } from "spacetimedb";

import {
  AccessRole,
  type AssetObject,
  DbConnection,
  type DomainErrorCode,
  DomainFailure,
  okOrThrow,
  tables,
} from "../src/index";
import { TestNode } from "./support/node";
import { portrait } from "./support/portrait";
import { connect, subscribe, type Session } from "./support/session";
import { eventually, within } from "./support/waiting";

const DATABASE = "worldloom";
const nobodyElse = undefined;

test("a subscriber sees its own rows arrive, and nobody else's", async (t) => {
  const { node } = await publishedGame(t);
  const [owner, stranger] = [await player(t, node), await player(t, node)];
  await subscribe(owner.connection, tables.myAssets);
  await subscribe(stranger.connection, tables.myAssets);
  const arrived = new Promise<AssetObject>((resolve) => {
    owner.connection.db.myAssets.onInsert((context, asset) => {
      assert.equal(context.event.tag, "Reducer");
      resolve(asset);
    });
  });

  const request = portrait(owner.identity, "first");
  await within("the reducer", owner.connection.reducers.registerAssetObject({ request }));
  const asset = await within("the row", arrived);

  assert.deepEqual({ ...request, ...asset }, asset, "the row holds what was asked for");
  assert.ok(asset.owner.isEqual(owner.identity));
  assert.equal(asset.status.tag, "Pending");
  assert.equal(asset.assetId.getVersion(), "V7");
  assert.equal(asset.confirmedAt, undefined);
  const lifetimeMicros = asset.expiresAt!.microsSinceUnixEpoch - asset.createdAt.microsSinceUnixEpoch;
  assert.equal(lifetimeMicros, 3_600_000_000n);

  // Updates arrive in the order of the transactions: what the stranger does later comes after
  // everything that it would have been told before.
  await stranger.connection.reducers.registerAssetObject({ request: portrait(stranger.identity, "later") });
  const seen = await eventually("the stranger's own row", () => {
    const rows = [...stranger.connection.db.myAssets.iter()];
    return rows.some((row) => row.idempotencyKey === "later") && rows;
  });
  assert.deepEqual(
    seen.map((row) => row.idempotencyKey),
    ["later"],
  );
});

test("an upload is announced, confirmed, bound, unbound and deleted before the owner's eyes", async (t) => {
  const { node, admin } = await publishedGame(t);
  const [owner, service] = [await player(t, node), await player(t, node)];
  await subscribe(admin.connection, tables.myRoles);
  await subscribe(owner.connection, [tables.myAssets, tables.myAssetBindings]);
  await admin.connection.reducers.grantRole({ identity: service.identity, role: AccessRole.Service });
  assert.deepEqual(
    [...admin.connection.db.myRoles.iter()].map((grant) => grant.role.tag),
    ["Admin"],
  );
  const { myAssets: assets, myAssetBindings: bindings } = owner.connection.db;
  const steps: string[] = [];
  assets.onUpdate((_context, before, after) => void steps.push(`${before.status.tag} to ${after.status.tag}`));

  const request = portrait(owner.identity, "hero");
  const acting = { actingPlayer: owner.identity };
  const { procedures } = service.connection;
  const announced = await okOrThrow(procedures.registerAssetObjectAndReturn({ ...acting, request }));
  const { assetId } = announced;
  const confirmation = { assetId, contentType: "image/png", byteSize: 1024n, sha256: request.sha256 };
  const confirmed = await okOrThrow(procedures.confirmAssetObjectAndReturn({ ...acting, confirmation }));
  assert.equal(confirmed.status.tag, "Confirmed");
  const place = { entityKind: "character", entityId: "42", slot: "portrait" };
  const binding = { request: { ...place, assetId } };
  const bound = await okOrThrow(procedures.bindAssetObjectToEntityAndReturn({ ...acting, ...binding }));
  assert.equal(bound.replacedAssetId, undefined);
  assert.deepEqual(await eventually("the binding", () => [...bindings.iter()][0]), bound.binding);

  await owner.connection.reducers.unbindAssetObjectFromEntity({ request: bound.binding });
  await owner.connection.reducers.deleteAssetObject({ assetId });
  await eventually("the deletion", () => steps.length === 2);
  assert.deepEqual(steps, ["Pending to Confirmed", "Confirmed to Deleted"]);
  assert.equal(bindings.count(), 0n);

  const expired = await okOrThrow(procedures.listExpiredAssetObjectsAndReturn({ limit: 10 }));
  assert.deepEqual(
    expired.map((row) => row.assetId),
    [assetId],
  );
  const forgotten = await okOrThrow(procedures.forgetDeletedAssetObjectsAndReturn({ assetIds: [assetId] }));
  assert.deepEqual(forgotten, [assetId]);
  await eventually("the row to go", () => assets.count() === 0n);
});

test("a refused procedure gives a typed error and changes nothing", async (t) => {
  const { node } = await publishedGame(t);
  const [owner, stranger] = [await player(t, node), await player(t, node)];
  await subscribe(owner.connection, tables.myAssets);
  const register = (request: ReturnType<typeof portrait>) =>
    okOrThrow(owner.connection.procedures.registerAssetObjectAndReturn({ actingPlayer: nobodyElse, request }));
  const request = portrait(owner.identity, "only");

  await refused(register({ ...request, byteSize: 0n }), "InvalidArgument", { field: "byte_size" });
  const elsewhere = { ...request, objectKey: "not/mine.png" };
  await refused(register(elsewhere), "InvalidArgument", { field: "object_key" });
  const { assetId } = await register(request);
  const asStranger = { actingPlayer: nobodyElse, assetId };
  await refused(okOrThrow(stranger.connection.procedures.readAssetObjectAndReturn(asStranger)), "NotFound");
  const inAnothersName = { actingPlayer: owner.identity, assetId };
  const deletion = stranger.connection.procedures.deleteAssetObjectAndReturn(inAnothersName);
  await refused(okOrThrow(deletion), "Forbidden");

  const { myAssets } = owner.connection.db;
  const rows = await eventually("the row", () => myAssets.count() > 0n && [...myAssets.iter()]);
  assert.deepEqual(
    rows.map((row) => [row.idempotencyKey, row.status.tag]),
    [["only", "Pending"]],
  );
});

test("a refused reducer rejects with the code in front and changes nothing", async (t) => {
  const { node } = await publishedGame(t);
  const owner = await player(t, node);
  await subscribe(owner.connection, tables.myAssets);

  const request = { ...portrait(owner.identity, "bad"), sha256: "no hash" };
  const rejected = owner.connection.reducers.registerAssetObject({ request });
  await assert.rejects(within("the rejection", rejected), (error) => {
    assert.ok(error instanceof SenderError);
    assert.match(error.message, /^invalid_argument: .*sha256/);
    return true;
  });
  await assert.rejects(
    owner.connection.reducers.grantRole({ identity: owner.identity, role: AccessRole.Admin }),
    /^SenderError: forbidden: /,
  );

  await owner.connection.reducers.registerAssetObject({ request: portrait(owner.identity, "good") });
  await eventually("the good row", () => owner.connection.db.myAssets.count() > 0n);
  assert.deepEqual(
    [...owner.connection.db.myAssets.iter()].map((row) => row.idempotencyKey),
    ["good"],
  );
});

async function refused(answer: Promise<unknown>, tag: DomainErrorCode["tag"], facts: object = {}): Promise<void> {
  await assert.rejects(within("the refusal", answer), (error) => {
    assert.ok(error instanceof DomainFailure, String(error));
    assert.deepEqual(error.code, { tag, value: facts });
    assert.notEqual(error.message, "");
    return true;
  });
}

async function publishedGame(t: TestContext): Promise<{ node: TestNode; admin: Session<DbConnection> }> {
  const node = await TestNode.start(t);
  const ownerToken = await node.publish(DATABASE, "spacetime_module");
  return { node, admin: await connect(t, DbConnection.builder(), node, DATABASE, ownerToken) };
}

function player(t: TestContext, node: TestNode): Promise<Session<DbConnection>> {
  return connect(t, DbConnection.builder(), node, DATABASE);
}
