/** Tables: the cache and its look-ups, row events, event tables, schedules, row-level security. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Timestamp } from "spacetimedb";

import { subscribe } from "../support/session";
import { eventually, within } from "../support/waiting";
import { type EventContext, tables } from "./module_bindings";
import { type Animal, BadgeKind, type Sighting } from "./module_bindings/types";
import { Zoo } from "./zoo";

test("rows are found by unique columns and by indexes", async (t) => {
  const { connection, identity } = await (await Zoo.open(t)).visit();
  await subscribe(connection, [tables.animal, tables.cage, tables.badge, tables.type]);
  const { animal, badge, cage, type } = connection.db;
  await connection.reducers.insertRow({ name: "Leo", species: "lion", weightGrams: 190_000 });
  await connection.reducers.insertRow({ name: "Nala", species: "lion", weightGrams: 130_000 });
  await connection.reducers.insertRow({ name: "Hobbes", species: "tiger", weightGrams: 200_000 });
  await connection.reducers.pinBadge({ badgeNumber: 7, ownerName: "Ada", type: BadgeKind.Async });
  await connection.reducers.match({ fn: 1, class: "first", let: "kept" });
  await connection.reducers.match({ fn: 1, class: "second", let: undefined });

  const leo = animal.name.find("Leo");
  assert.equal(leo?.weightGrams, 190_000);
  assert.equal(leo.tame, false);
  assert.equal(leo.nickname, undefined);
  assert.deepEqual(animal.id.find(leo.id), leo);
  assert.equal(animal.id.find(999n), null);
  assert.deepEqual(names(animal.species.filter("lion")), ["Leo", "Nala"]);
  assert.deepEqual(names(animal.byKeeper.filter(identity)), ["Hobbes", "Leo", "Nala"]);
  assert.deepEqual(names(animal.bySpeciesAndBirth.filter(["lion", leo.bornAt])), ["Leo"]);
  assert.equal(animal.count(), 3n);
  assert.deepEqual([...cage.iter()].map((row) => row.label).toSorted(), ["east", "north", "south"]);
  assert.equal(cage.number.find(1)?.label, "east");
  assert.deepEqual(badge.ownerName.find("Ada"), badge.badgeNumber.find(7));
  assert.equal(badge.badgeNumber.find(7)?.type.tag, "Async");
  assert.deepEqual([type.fn.find(1)?.class, type.fn.find(1)?.match], ["second", undefined]);
  await connection.reducers.delete({ fn: 1 });
  assert.equal(type.count(), 0n);
});

test("row events tell what changed and through whom", async (t) => {
  const zoo = await Zoo.open(t);
  const [keeper, onlooker] = [await zoo.visit(), await zoo.visit()];
  const seen = { keeper: [] as string[], onlooker: [] as string[] };
  for (const [who, { connection }] of [
    ["keeper", keeper],
    ["onlooker", onlooker],
  ] as const) {
    await subscribe(connection, tables.animal);
    const note = (context: EventContext, change: string) => {
      const by = context.event.tag === "Reducer" ? context.event.value.reducer.name : context.event.tag;
      seen[who].push(`${by}: ${change}`);
    };
    connection.db.animal.onInsert((context, row) => note(context, `+ ${row.name}`));
    connection.db.animal.onUpdate((context, old, row) => note(context, `${old.weightGrams} > ${row.weightGrams}`));
    connection.db.animal.onDelete((context, row) => note(context, `- ${row.name}`));
  }
  const removed = () => assert.fail("the callback was removed");
  keeper.connection.db.animal.onInsert(removed);
  keeper.connection.db.animal.removeOnInsert(removed);

  const { reducers } = keeper.connection;
  await reducers.insertRow({ name: "Leo", species: "lion", weightGrams: 100 });
  const { id } = keeper.connection.db.animal.name.find("Leo")!;
  await reducers.updateRow({ id, weightGrams: 200, nickname: "Lo" });
  await reducers.deleteRow({ id });

  assert.deepEqual(seen.keeper, ["insert_row: + Leo", "update_row: 100 > 200", "delete_row: - Leo"]);
  await eventually("the onlooker's events", () => seen.onlooker.length === 3);
  assert.deepEqual(seen.onlooker, ["Transaction: + Leo", "Transaction: 100 > 200", "Transaction: - Leo"]);
});

test("rows of event tables arrive and are not kept", async (t) => {
  const zoo = await Zoo.open(t);
  const [observer, reader, late] = [await zoo.visit(), await zoo.visit(), await zoo.visit()];
  await subscribe(
    reader.connection,
    tables.sighting.where((sighting) => sighting.animal.eq("Leo")),
  );
  const arrived: Sighting[] = [];
  reader.connection.db.sighting.onInsert((_context, sighting) => void arrived.push(sighting));
  await observer.connection.reducers.emitSightings({ animal: "Nala", count: 2 });
  await observer.connection.reducers.emitSightings({ animal: "Leo", count: 3 });
  await eventually("the sightings", () => arrived.length >= 3);
  assert.deepEqual(
    arrived.map(({ animal, place }) => [animal, place.x, place.y]),
    [
      ["Leo", 0, 0],
      ["Leo", 1, 0],
      ["Leo", 2, 0],
    ],
  );
  assert.ok(arrived.every((sighting) => sighting.observer.isEqual(observer.identity)));
  assert.equal(reader.connection.db.sighting.count(), 0n);
  await subscribe(late.connection, tables.sighting);
  assert.equal(late.connection.db.sighting.count(), 0n);
});

test("scheduled reducers and procedures run, once or again and again", async (t) => {
  const { connection } = await (await Zoo.open(t)).visit();
  await subscribe(connection, [tables.feeding, tables.feedingRecord]);
  const { feeding, feedingRecord } = connection.db;
  await connection.reducers.scheduleFeeding({ animal: "once", delayMilliseconds: 1n });
  await connection.reducers.schedulePatrol({ watchman: "patrol", delayMilliseconds: 1n });
  await connection.reducers.scheduleFeedingEvery({ animal: "often", intervalMilliseconds: 5n });

  const fed = (animal: string) => [...feedingRecord.animal.filter(animal)];
  await eventually("three feedings", () => fed("often").length >= 3);
  await eventually("the patrol", () => fed("patrol").length === 1);
  await eventually("the single feeding", () => fed("once").length === 1);
  assert.ok([...feedingRecord.iter()].every((record) => record.byDatabase));
  assert.deepEqual(
    [...feeding.iter()].map(({ animal, scheduledAt }) => [animal, scheduledAt.tag]),
    [["often", "Interval"]],
  );

  await connection.reducers.cancelFeeding({ animal: "often" });
  assert.equal(feeding.count(), 0n);
  await assert.rejects(connection.reducers.scheduleFeedingEvery({ animal: "x", intervalMilliseconds: 0n }), {
    message: "The interval must be at least 1 ms.",
  });
});

test("letters move from one table to another of the same type", async (t) => {
  const zoo = await Zoo.open(t);
  const [sender, recipient] = [await zoo.visit(), await zoo.visit()];
  await subscribe(recipient.connection, [tables.letter, tables.archivedLetter]);
  const { letter, archivedLetter } = recipient.connection.db;
  await sender.connection.reducers.sendLetter({ recipient: recipient.identity, body: "Roar" });
  const sent = await eventually("the letter", () => [...letter.recipient.filter(recipient.identity)][0]);
  await assert.rejects(sender.connection.reducers.archiveLetter({ id: sent.id }), /is not addressed to you/);
  await recipient.connection.reducers.archiveLetter({ id: sent.id });
  assert.equal(letter.count(), 0n);
  assert.deepEqual([...archivedLetter.bySender.filter(sender.identity)], [sent]);
  assert.ok(sent.sentAt.microsSinceUnixEpoch > Timestamp.UNIX_EPOCH.microsSinceUnixEpoch);
});

test("row-level security shows each reader its own rows", async (t) => {
  const zoo = await Zoo.open(t);
  const writers = [await zoo.visit(), await zoo.visit()];
  for (const [index, { connection }] of writers.entries()) {
    await connection.reducers.writeDiary({ text: `entry of ${index}` });
  }
  for (const [index, { connection }] of writers.entries()) {
    await subscribe(connection, tables.diary);
    assert.deepEqual(
      [...connection.db.diary.iter()].map((entry) => entry.text),
      [`entry of ${index}`],
    );
  }
});

test("who is connected is a table, and a banned visitor stays out", async (t) => {
  const zoo = await Zoo.open(t);
  const [keeper, guest] = [await zoo.visit(), await zoo.visit()];
  await subscribe(keeper.connection, tables.visitor);
  const { visitor } = keeper.connection.db;
  const known = [...visitor.iter()].map((row) => row.connection.toHexString()).toSorted();
  const connections = [keeper, guest].map(({ connection }) => connection.connectionId.toHexString());
  assert.deepEqual(known, connections.toSorted());

  await guest.connection.reducers.banMe({});
  guest.connection.disconnect();
  await eventually("the guest to leave", () => visitor.count() === 1n);
  await assert.rejects(zoo.visit(guest.token), /closed the connection before/);
  await keeper.connection.reducers.unban({ identity: guest.identity });
  const back = await within("the guest's return", zoo.visit(guest.token));
  await eventually("the guest on the list", () => visitor.connection.find(back.connection.connectionId) ?? undefined);
});

function names(animals: Iterable<Animal>): string[] {
  return [...animals].map((animal) => animal.name).toSorted();
}
