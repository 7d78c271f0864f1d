/** Views of every kind, and queries made with the typed builder. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { and, not, or } from "spacetimedb";

import { type Query, type Session, subscribe } from "../support/session";
import { eventually, within } from "../support/waiting";
import { type DbConnection, tables } from "./module_bindings";
import { Zoo } from "./zoo";

const ANIMALS = [
  { name: "Leo", species: "lion", weightGrams: 190_000 },
  { name: "Nala", species: "lion", weightGrams: 130_000 },
  { name: "O'Malley", species: "cat", weightGrams: 4_000 },
  { name: "Jumbo", species: "elephant", weightGrams: 6_000_000 },
];

test("views follow the tables that they read", async (t) => {
  const zoo = await Zoo.open(t);
  const [keeper, guest] = [await zoo.visit(), await zoo.visit()];
  for (const { connection } of [keeper, guest]) {
    const views = [tables.myAnimals, tables.animalTotals, tables.heavyAnimals, tables.keyedAnimals];
    await subscribe(connection, views);
    await subscribe(connection, "SELECT * FROM animals_of_species('lion')");
  }
  assert.deepEqual([...guest.connection.db.animalTotals.iter()], [{ count: 0n }]);
  const weighed: string[] = [];
  guest.connection.db.keyedAnimals.onUpdate((_context, before, after) => {
    assert.equal(before.animalId, after.animalId);
    weighed.push(after.label);
  });
  await populate(keeper);

  const { db } = guest.connection;
  await eventually("the last animal", () => [...db.animalTotals.iter()][0]?.count === 4n);
  assert.deepEqual(names(db.heavyAnimals.iter()), ["Jumbo"]);
  assert.deepEqual(names(db.animalsOfSpecies.iter()), ["Leo", "Nala"]);
  assert.deepEqual(names(db.myAnimals.iter()), []);
  assert.equal(names(keeper.connection.db.myAnimals.iter()).length, 4);
  const leo = [...db.keyedAnimals.iter()].find((row) => row.label.startsWith("Leo"))!;
  await keeper.connection.reducers.updateRow({ id: leo.animalId, weightGrams: 2_000_000, nickname: undefined });
  await eventually("the update", () => weighed.length > 0);
  assert.deepEqual(weighed, ["Leo (2000000 g)"]);
  assert.deepEqual(names(db.heavyAnimals.iter()), ["Jumbo", "Leo"]);
});

test("typed queries select what they say", async (t) => {
  const zoo = await Zoo.open(t);
  const keeper = await zoo.visit();
  await populate(keeper);
  const expected: [Query, string[]][] = [
    [tables.animal.where((animal) => animal.weightGrams.gt(130_000)), ["Jumbo", "Leo"]],
    [tables.animal.where((animal) => animal.weightGrams.gte(130_000)), ["Jumbo", "Leo", "Nala"]],
    [tables.animal.where((animal) => animal.weightGrams.lt(130_000)), ["O'Malley"]],
    [tables.animal.where((animal) => animal.weightGrams.lte(130_000)), ["Nala", "O'Malley"]],
    [tables.animal.where((animal) => animal.name.eq("O'Malley")), ["O'Malley"]],
    [tables.animal.where((animal) => animal.species.ne("lion")), ["Jumbo", "O'Malley"]],
    [tables.animal.where((animal) => animal.keeper.eq(keeper.identity)), ["Jumbo", "Leo", "Nala", "O'Malley"]],
    [tables.animal.where((animal) => and(animal.species.eq("lion"), animal.weightGrams.lt(150_000))), ["Nala"]],
    [tables.animal.where((animal) => or(animal.name.eq("Leo"), animal.species.eq("cat"))), ["Leo", "O'Malley"]],
    [tables.animal.where((animal) => animal.tame.eq(true)), []],
    [
      tables.visitor.rightSemijoin(tables.animal, (visitor, animal) => visitor.identity.eq(animal.keeper)),
      ["Jumbo", "Leo", "Nala", "O'Malley"],
    ],
    [
      tables.animal
        .where((animal) => animal.species.eq("lion"))
        .leftSemijoin(tables.visitor, (animal, visitor) => animal.keeper.eq(visitor.identity)),
      ["Leo", "Nala"],
    ],
    ["SELECT * FROM animal WHERE species = 'cat'", ["O'Malley"]],
  ];
  for (const [query, found] of expected) {
    const { connection } = await zoo.visit();
    await subscribe(connection, query);
    assert.deepEqual(names(connection.db.animal.iter()), found);
    connection.disconnect();
  }
  const negated = tables.animal.where((animal) => not(animal.species.eq("lion")));
  await assert.rejects(subscribe(keeper.connection, negated), /Unsupported expression: NOT/);
});

test("one subscription holds many queries, and a row that several select once", async (t) => {
  const zoo = await Zoo.open(t);
  await populate(await zoo.visit());
  const { connection } = await zoo.visit();
  const inserted: string[] = [];
  connection.db.animal.onInsert((context, animal) => {
    assert.equal(context.event.tag, "SubscribeApplied");
    inserted.push(animal.name);
  });
  const lions = tables.animal.where((animal) => animal.species.eq("lion"));
  await subscribe(connection, ["SELECT * FROM animal WHERE name = 'Leo'", lions, tables.cage]);
  assert.deepEqual(names(connection.db.animal.iter()), ["Leo", "Nala"]);
  assert.deepEqual(inserted.toSorted(), ["Leo", "Nala"]);
  assert.equal(connection.db.cage.count(), 3n);
});

test("all tables can be subscribed to at once", async (t) => {
  const zoo = await Zoo.open(t);
  await populate(await zoo.visit());
  const { connection } = await zoo.visit();
  const applied = new Promise<void>((resolve, reject) => {
    const subscription = connection.subscriptionBuilder().onApplied(() => resolve());
    subscription.onError((context) => reject(context.event)).subscribeToAllTables();
  });
  await within("the subscription", applied);
  assert.equal(connection.db.animal.count(), 4n);
  assert.equal(connection.db.cage.count(), 3n);
  assert.equal(connection.db.visitor.count(), 2n);
  assert.deepEqual(names(connection.db.heavyAnimals.iter()), ["Jumbo"]);
});

async function populate({ connection }: Session<DbConnection>): Promise<void> {
  for (const animal of ANIMALS) {
    await connection.reducers.insertRow(animal);
  }
}

function names(animals: Iterable<{ name: string }>): string[] {
  return [...animals].map((animal) => animal.name).toSorted();
}
