import { DomainFailure, okOrThrow } from "@worldloom/client";

try {
  const asset = await okOrThrow(connection.procedures.readAssetObjectAndReturn({ actingPlayer: undefined, assetId }));
  console.log(asset.contentType);
} catch (error) {
  if (error instanceof DomainFailure && error.code.tag === "NotFound") console.log("There is no such asset.");
  else throw error;
}

      declare const connection: import("@worldloom/client").DbConnection;
      declare const assetId: import("spacetimedb").Uuid;
    