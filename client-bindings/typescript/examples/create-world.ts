/**
 * Creates a world with the agent: begins it over the SDK's WebSocket, asks the facade for suggestions with the same
 * token, watches them arrive by subscription, and accepts them all.
 *
 * Arguments: the node's URL, the facade's URL, what the world is to be about. The player's token is in the variable
 * TOKEN of the environment, where other users of the machine do not see it.
 */

import { setGlobalLogLevel, type Identity, type Uuid } from "spacetimedb";

import { CustomWorldSessionWorld, DbConnection, okOrThrow, tables } from "../src/index";

setGlobalLogLevel("warn");

const [node, facade, brief] = process.argv.slice(2);
const token = process.env["TOKEN"];
if (node === undefined || facade === undefined || token === undefined || brief === undefined) {
  throw new Error("usage: TOKEN=… create-world.ts NODE FACADE BRIEF");
}

const { connection, player } = await connect(node, token);
console.log(`The WebSocket is open for the player ${player.toHexString()}`);
const { procedures, db } = connection;
db.myAgentMessages.onInsert((_context, message) => console.log(`> ${message.text}`));
await subscribed();

const { session } = await okOrThrow(
  procedures.startCreationSessionAndReturn({
    actingPlayer: undefined,
    request: { idempotencyKey: crypto.randomUUID(), world: CustomWorldSessionWorld.New("A new world"), brief },
  }),
);
const { worldId } = session;
const conversation = await okOrThrow(
  procedures.startAgentSessionAndReturn({
    actingPlayer: undefined,
    request: { idempotencyKey: crypto.randomUUID(), worldId, title: "First ideas" },
  }),
);
const request = { session_id: session.sessionId.toString(), conversation_id: conversation.sessionId.toString() };
console.log(`The task ended: ${await written("world-creation", JSON.stringify(request))}`);

// Changes arrive in the order in which they were made, so every proposal came before the task's end.
for (const { operationId, kind, key } of [...db.myAgentOperations.iter()].filter(isOfWorld)) {
  await okOrThrow(procedures.acceptDraftOperationAndReturn({ actingPlayer: undefined, operationId }));
  console.log(`Accepted into the draft: ${kind.tag} ${key}`);
}
connection.disconnect();

function connect(uri: string, withToken: string): Promise<{ connection: DbConnection; player: Identity }> {
  return new Promise((resolve, reject) => {
    DbConnection.builder()
      .withUri(uri)
      .withDatabaseName("worldloom")
      .withToken(withToken)
      .withCompression("none")
      .onConnect((connection, player) => resolve({ connection, player }))
      .onConnectError((_context, error) => reject(error))
      .build();
  });
}

function subscribed(): Promise<void> {
  return new Promise((resolve, reject) => {
    connection
      .subscriptionBuilder()
      .onApplied(() => resolve())
      .onError(({ event }) => reject(event ?? new Error("The subscription ended.")))
      .subscribe([tables.myAgentMessages, tables.myAgentOperations, tables.myAiTasks]);
  });
}

function isOfWorld(row: { worldId: Uuid }): boolean {
  return row.worldId.compareTo(worldId) === 0;
}

/** Asks the facade for a text, and waits until the module tells how the task ended. */
async function written(kind: string, request: string): Promise<string> {
  const ended = new Promise<string>((resolve) => {
    db.myAiTasks.onUpdate((_context, _before, { status }) => {
      if (["Completed", "Failed", "Cancelled"].includes(status.tag)) resolve(status.tag);
    });
  });
  const answer = await fetch(`${facade}/ai/tasks`, {
    method: "POST",
    headers: {
      Authorization: `Bearer ${token}`,
      "Content-Type": "application/json",
      "Idempotency-Key": crypto.randomUUID(),
    },
    body: JSON.stringify({ kind, request }),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return ended;
}
