/**
 * Prints a player's assets and bindings as they arrive, one line of JSON for each state that the
 * client's cache was in. The end-to-end tests of the facade read it; it ends with its input.
 *
 * Arguments: the node's URL, the database, the player's token.
 */

import { setGlobalLogLevel } from "spacetimedb";

import { DbConnection, tables } from "../src/index";

setGlobalLogLevel("warn");

const [uri, database, token] = process.argv.slice(2);
if (uri === undefined || database === undefined || token === undefined) {
  throw new Error("usage: follow_assets.ts URL DATABASE TOKEN");
}

const connection = DbConnection.builder()
  .withUri(uri)
  .withDatabaseName(database)
  .withToken(token)
  .onConnectError((_context, error) => fail(error))
  .onDisconnect((_context, error) => error !== undefined && fail(error))
  .build();

const { myAssets, myAssetBindings } = connection.db;
for (const table of [myAssets, myAssetBindings]) {
  table.onInsert(print);
  table.onUpdate(print);
  table.onDelete(print);
}
connection
  .subscriptionBuilder()
  .onApplied(print)
  .onError(({ event }) => fail(event ?? new Error("The subscription ended.")))
  .subscribe([tables.myAssets, tables.myAssetBindings]);

process.stdin.resume().once("end", () => connection.disconnect());

function print(): void {
  const assets = [...myAssets.iter()].map((asset) => ({
    asset_id: asset.assetId.toString(),
    owner: asset.owner.toHexString(),
    status: asset.status.tag,
    sha256: asset.sha256,
    byte_size: Number(asset.byteSize),
  }));
  const bindings = [...myAssetBindings.iter()].map((binding) => ({
    asset_id: binding.assetId.toString(),
    entity_kind: binding.entityKind,
    entity_id: binding.entityId,
    slot: binding.slot,
  }));
  console.log(JSON.stringify({ assets, bindings }));
}

function fail(error: Error): void {
  console.error(error.message);
  process.exit(1);
}
