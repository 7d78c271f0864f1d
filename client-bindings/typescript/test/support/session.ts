/** Connections through the official SDK. */

import type { TestContext } from "node:test";
import {
  type DbConnectionBuilder,
  type DbConnectionImpl,
  type Identity,
  type RemoteModuleOf,
  type RowTypedQuery,
  setGlobalLogLevel,
  type SubscriptionBuilderImpl,
  type SubscriptionHandleImpl,
} from "spacetimedb";

import type { TestNode } from "./node";
import { within } from "./waiting";

// The SDK reports every connection that it opens.
setGlobalLogLevel("warn");

/** What can be subscribed to: SQL, or a query from the bindings' `tables`. */
export type Query = string | RowTypedQuery<any, any>;

/** A connection that the node has accepted. It is closed when its test ends. */
export interface Session<Connection> {
  connection: Connection;
  identity: Identity;
  /** Opens later connections of the same identity. */
  token: string;
  /** Settles when the connection has ended, with the error if one ended it. */
  ended: Promise<Error | undefined>;
}

/**
 * Connects to a database, as the token's identity or as a new one.
 *
 * Uncompressed unless asked for otherwise: SDK 2.10.1 hands on whichever message is unpacked first,
 * so that with compression changes can arrive in another order than they were made.
 */
export async function connect<Connection extends DbConnectionImpl<any>>(
  test: TestContext,
  builder: DbConnectionBuilder<Connection>,
  node: TestNode,
  database: string,
  token?: string,
  compression: "gzip" | "none" = "none",
): Promise<Session<Connection>> {
  const ended = new Promise<Error | undefined>((resolve) => {
    builder.onDisconnect((_context, error) => resolve(error));
  });
  const accepted = new Promise<Session<Connection>>((resolve, reject) => {
    builder.onConnect((connection, identity, newToken) => resolve({ connection, identity, token: newToken, ended }));
    builder.onConnectError((_context, error) => reject(error));
    void ended.then(() => reject(new Error("The node closed the connection before it had accepted it.")));
  });
  builder.withUri(node.uri).withDatabaseName(database).withToken(token).withCompression(compression);
  const connection = builder.build();
  test.after(() => connection.disconnect());
  return await within("the connection", accepted);
}

/** Subscribes, and waits until the rows are there. */
export async function subscribe<Connection extends DbConnectionImpl<any>>(
  connection: Connection,
  queries: Query | Query[],
): Promise<SubscriptionHandleImpl<RemoteModuleOf<Connection>>> {
  const builder: SubscriptionBuilderImpl<RemoteModuleOf<Connection>> = connection.subscriptionBuilder();
  let handle: SubscriptionHandleImpl<RemoteModuleOf<Connection>> | undefined;
  const applied = new Promise<void>((resolve, reject) => {
    builder.onApplied(() => resolve());
    builder.onError((context) => reject(context.event ?? new Error("The subscription ended without an error.")));
    handle = builder.subscribe([queries].flat());
  });
  await within("the subscription", applied);
  return handle!;
}
