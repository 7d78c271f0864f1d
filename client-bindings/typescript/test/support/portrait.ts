/** Uploads to announce. */

import type { Identity } from "spacetimedb";
import { AssetAccessPolicy, type AssetObjectRegistration } from "../../src/index";

/** A private picture of a player's, different for each `name`. */
export function portrait(owner: Identity, name: string): AssetObjectRegistration {
  return {
    idempotencyKey: name,
    bucket: "portraits",
    objectKey: `players/${owner.toHexString()}/${name}.png`,
    contentType: "image/png",
    byteSize: 1024n,
    sha256: "0f".repeat(32),
    accessPolicy: AssetAccessPolicy.Private,
  };
}
