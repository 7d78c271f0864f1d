/** Calls: procedures with every kind of answer, failures, and order. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { InternalError, SenderError, Timestamp } from "spacetimedb";

import { subscribe } from "../support/session";
import { eventually, within } from "../support/waiting";
import { tables } from "./module_bindings";
import { BadgeKind, Diet, type RegistrationError } from "./module_bindings/types";
import { Zoo } from "./zoo";

test("procedures answer with rows, options, results and nothing", async (t) => {
  const { connection, identity } = await (await Zoo.open(t)).visit();
  const { procedures, reducers } = connection;
  const description = { name: "Leo", species: "lion", weightGrams: 190_000, diet: Diet.Carnivore };
  const registered = (await procedures.registerAnimal({ description })) as unknown as { ok: { id: bigint } };
  const found = await procedures.findAnimal({ name: "Leo" });
  assert.deepEqual(registered, { ok: found });
  assert.ok(found?.keeper.isEqual(identity));
  assert.equal(await procedures.findAnimal({ name: "Nobody" }), undefined);
  const summary = await procedures.animalSummary({});
  assert.deepEqual(summary, { count: 1n, totalWeightGrams: 190_000n, heaviest: found });

  assert.deepEqual(await procedures.noteTwice({ note: "visit" }), {});
  await reducers.pinBadge({ badgeNumber: 7, ownerName: "Ada", type: BadgeKind.Function });
  const card = await procedures.wireLookup({ number: 7 });
  assert.deepEqual({ ...card, kind: card?.kind.tag }, { number: 7, owner: "Ada", kind: "Function" });
  const ids = (await procedures.newIds({ count: 100 })) as unknown as { ok: { toString(): string }[] };
  assert.equal(new Set(ids.ok.map(String)).size, 100);
  assert.deepEqual(await procedures.readEnvironment({}), { greeting: undefined, open: undefined, night: undefined });
});

test("a procedure's own errors are values of their type", async (t) => {
  const { connection } = await (await Zoo.open(t)).visit();
  await subscribe(connection, tables.animal);
  const { procedures } = connection;
  const lion = { name: "Leo", species: "lion", weightGrams: 1, diet: Diet.Carnivore };
  const error = async (change: Partial<typeof lion>): Promise<RegistrationError> => {
    const answer = await procedures.registerAnimal({ description: { ...lion, ...change } });
    return (answer as unknown as { err: RegistrationError }).err;
  };
  await procedures.registerAnimal({ description: lion });
  assert.deepEqual(await error({}), { tag: "NameTaken", value: "Leo" });
  assert.deepEqual(await error({ name: "" }), { tag: "Unnamed", value: {} });
  const tooHeavy = { limitGrams: 10_000_000, askedGrams: 4_294_967_295 };
  assert.deepEqual(await error({ name: "Moon", weightGrams: 4_294_967_295 }), { tag: "TooHeavy", value: tooHeavy });
  assert.deepEqual(await procedures.failInProcedure({ message: "🦁" }), { err: "🦁" });
  assert.deepEqual(await procedures.swapNames({ first: 1n, second: 9n }), { err: "There is no animal 9." });
  await eventually("the row", () => connection.db.animal.count() > 0n);
  assert.deepEqual(
    [...connection.db.animal.iter()].map((animal) => animal.name),
    ["Leo"],
  );
});

test("calls that break tell so, and the connection goes on", async (t) => {
  const { connection } = await (await Zoo.open(t)).visit();
  const { procedures, reducers } = connection;
  await assert.rejects(reducers.failWith({ message: "on purpose: 🦁" }), new SenderError("on purpose: 🦁"));
  await assert.rejects(reducers.trap({}), (error) => error instanceof InternalError);
  await assert.rejects(connection.callReducer("no_such_reducer", new Uint8Array()), /no such reducer/);
  await assert.rejects(connection.callReducer("delete_row", new Uint8Array([1])), /delete_row/);
  // Not an `Error`: the SDK rejects with the bare text.
  await assert.rejects(procedures.trapInProcedure({}), (text) => typeof text === "string" && text !== "");
  await within("a later call", reducers.logLine({ text: "still here" }));
});

test("a waiting procedure lets other calls pass", async (t) => {
  const { connection } = await (await Zoo.open(t)).visit();
  const { procedures, reducers } = connection;
  const past = Timestamp.UNIX_EPOCH;
  const woken = await within("a procedure that need not wait", procedures.waitUntil({ time: past }));
  assert.ok(woken.microsSinceUnixEpoch > past.microsSinceUnixEpoch);

  const inAnHour = new Timestamp(Timestamp.now().microsSinceUnixEpoch + 3_600_000_000n);
  let isAwake = false;
  void procedures.waitUntil({ time: inAnHour }).then(() => (isAwake = true));
  await within("a reducer", reducers.insertRow({ name: "Leo", species: "lion", weightGrams: 1 }));
  assert.equal((await within("a procedure", procedures.findAnimal({ name: "Leo" })))?.name, "Leo");
  assert.equal(isAwake, false);
});

test("a thousand calls in flight arrive in order, and what they cause in the same order", async (t) => {
  const { connection } = await (await Zoo.open(t)).visit();
  await subscribe(connection, tables.animal);
  const names = Array.from({ length: 1000 }, (_, index) => `animal ${index}`);
  const inserted: string[] = [];
  connection.db.animal.onInsert((_context, animal) => void inserted.push(animal.name));
  const calls = names.map((name) => connection.reducers.insertRow({ name, species: "ant", weightGrams: 1 }));
  await within("the calls", Promise.all(calls));
  assert.deepEqual(inserted, names);
});
