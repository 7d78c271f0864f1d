// Uses every part of the bindings' public shape the way an application does. Never run: it compiles.

import { Identity, ScheduleAt, Timestamp, Uuid } from "spacetimedb";
import {
  DbConnection,
  type ErrorContext,
  type EventContext,
  procedures,
  reducers,
  type ReducerEventContext,
  type SubscriptionEventContext,
  type SubscriptionHandle,
  tables,
} from "./module_bindings";
import {
  type Animal,
  type BadgeCard,
  BadgeKind,
  Choice,
  Diet,
  type Everything,
  type FamilyTree,
  Formula,
  type FormulaPair,
  Shape,
} from "./module_bindings/types";
import type { EchoBackArgs, EchoBackResult } from "./module_bindings/types/procedures";
import type { InsertRowParams } from "./module_bindings/types/reducers";
import { DbConnection as EmptyConnection } from "./empty_bindings";

export function connect(uri: string, token: string | undefined): DbConnection {
  return DbConnection.builder()
    .withUri(uri)
    .withDatabaseName("zoo")
    .withToken(token)
    .onConnect((connection: DbConnection, identity: Identity, _token: string) => {
      subscribe(connection);
      watch(connection, identity);
    })
    .onConnectError((_context: ErrorContext, error: Error) => console.error(error.message))
    .onDisconnect((context: ErrorContext, error?: Error) => console.info(context.isActive, error))
    .build();
}

export function subscribe(connection: DbConnection): void {
  const handle: SubscriptionHandle = connection
    .subscriptionBuilder()
    .onApplied((context: SubscriptionEventContext) => console.info(context.db.animal.count()))
    .onError((context: ErrorContext) => console.error(context.event))
    .subscribe([
      tables.animal.where((animal) => animal.weightGrams.gte(1000)),
      tables.badge.where((badge) => badge.ownerName.eq("Ada")),
      tables.letter.rightSemijoin(tables.diary, (letter, diary) => letter.recipient.eq(diary.author)),
      tables.myAnimals,
      tables.sighting,
      tables.type,
    ]);
  handle.unsubscribe();
  connection.subscriptionBuilder().subscribe("SELECT * FROM animals_of_species('lion')");
  connection.subscriptionBuilder().subscribeToAllTables();
}

export function watch(connection: DbConnection, identity: Identity): void {
  const byId: Animal | null = connection.db.animal.id.find(1n);
  const byName: Animal | null = connection.db.animal.name.find("Leo");
  const lions: Animal[] = [...connection.db.animal.species.filter("lion")];
  const kept: Animal[] = [...connection.db.animal.byKeeper.filter(identity)];
  const born: Animal[] = [...connection.db.animal.bySpeciesAndBirth.filter(["lion", Timestamp.UNIX_EPOCH])];
  const owner: string | undefined = connection.db.badge.ownerName.find("Ada")?.ownerName;
  const cage: number | undefined = connection.db.cage.number.find(1)?.number;
  const keyword: string | null | undefined = connection.db.type.fn.find(1)?.match;
  console.info(byId, byName, lions, kept, born, owner, cage, keyword);

  const onInsert = (context: EventContext, animal: { name: string }) => {
    if (context.event.tag === "Reducer" && context.event.value.reducer.name === "insert_row") {
      console.info(animal.name);
    }
  };
  connection.db.animal.onInsert(onInsert);
  connection.db.animal.removeOnInsert(onInsert);
  connection.db.animal.onUpdate((_context, before, after) => console.info(before.weightGrams - after.weightGrams));
  connection.db.keyedAnimals.onUpdate((_context, before, after) => console.info(before.animalId === after.animalId));
  connection.db.animal.onDelete((_context, animal) => console.info(animal.diet.tag));
  connection.db.sighting.onInsert((_context, sighting) => console.info(sighting.place.x, sighting.seenAt.toDate()));
}

export async function call(connection: DbConnection, everything: Everything): Promise<void> {
  const row: InsertRowParams = { name: "Leo", species: "lion", weightGrams: 190_000 };
  await connection.reducers.insertRow(row);
  await connection.reducers.pinBadge({ badgeNumber: 7, ownerName: "Ada", type: BadgeKind.Async });
  await connection.reducers.match({ fn: 1, class: "a", let: undefined });
  await connection.reducers.delete({ fn: 1 });
  await connection.reducers.clearRows({});
  await connection.reducers.echoAllTypes({ everything });
  const args: EchoBackArgs = { everything };
  const back: EchoBackResult = await connection.procedures.echoBack(args);
  const card: BadgeCard | undefined = await connection.procedures.wireLookup({ number: 7 });
  const woken: Timestamp = await connection.procedures.waitUntil({ time: Timestamp.now() });
  await connection.procedures.registerAnimal({
    description: { name: "Leo", species: "lion", weightGrams: 1, diet: Diet.Carnivore },
  });
  console.info(back, card, woken, reducers.insertRow.name, procedures.echoBack.name);
}

export function describe(context: ReducerEventContext): string {
  return context.event.reducer.name;
}

export function everything(identity: Identity, uuid: Uuid): Everything {
  const family: FamilyTree = { name: "a", children: [{ name: "b", children: [] }] };
  const pair: FormulaPair = { factors: [Formula.Constant(2n)], label: undefined };
  const formula: Formula = Formula.Sum([Formula.Constant(1n), Formula.Product(pair)]);
  const choices: Choice[] = [
    Choice.Nothing,
    Choice.Number(-1n),
    Choice.Shape(Shape.Circle({ centre: { x: 0, y: 0 }, radius: 1 })),
    { tag: "Diets", value: [Diet.Herbivore] },
  ];
  const now = Timestamp.now();
  return {
    scalars: {
      flag: true,
      unsigned8: 1,
      unsigned16: 2,
      unsigned32: 3,
      unsigned64: 4n,
      unsigned128: 5n,
      unsigned256: 6n,
      signed8: -1,
      signed16: -2,
      signed32: -3,
      signed64: -4n,
      signed128: -5n,
      signed256: -6n,
      float32: 0.5,
      float64: 0.25,
      text: "text",
    },
    specials: {
      identity,
      connection: unknownConnection(),
      timestamp: now,
      duration: now.since(Timestamp.UNIX_EPOCH),
      schedule: ScheduleAt.time(now.microsSinceUnixEpoch),
      uuid,
      nothing: {},
      empty: {},
    },
    collections: {
      bytes: new Uint8Array([1, 2]),
      numbers: [1],
      words: ["a"],
      grid: [[1], []],
      maybe: 1n,
      maybeMaybe: undefined,
      maybeBytes: undefined,
      sparse: [Diet.Omnivore, undefined],
      // The SDK declares a result as its payload but reads and writes an object with `ok` or `err`.
      outcome: { ok: 1 } as unknown as number,
      outcomes: [],
    },
    choices,
    family,
    formula,
  };
}

/** What the types must refuse, so that none of them is `any` by mistake. */
export function refused(connection: DbConnection): void {
  // @ts-expect-error A private table.
  connection.db.secretNote;
  // @ts-expect-error A private reducer.
  connection.reducers.feed;
  // @ts-expect-error An argument of the wrong type.
  void connection.reducers.deleteRow({ id: 1 });
  // @ts-expect-error An argument that is missing.
  void connection.procedures.wireLookup({});
  // @ts-expect-error A column that does not exist.
  tables.animal.where((animal) => animal.colour.eq("red"));
  // @ts-expect-error A key of the wrong type.
  connection.db.animal.id.find("1");
  // @ts-expect-error A child of the wrong type.
  const family: FamilyTree = { name: "a", children: [{ name: 1, children: [] }] };
  // @ts-expect-error A variant without its payload.
  const formula: Formula = { tag: "Sum" };
  console.info(family, formula);
}

function unknownConnection(): Everything["specials"]["connection"] {
  throw new Error("Take the id of a real connection.");
}

/** A switch over a sum that TypeScript knows to be complete. */
export function area(shape: Shape): number {
  switch (shape.tag) {
    case "Point":
      return 0;
    case "Circle":
      return Math.PI * shape.value.radius ** 2;
    case "Polygon":
      return shape.value.length;
  }
}

export const empty = (): string => EmptyConnection.builder().withDatabaseName("empty").constructor.name;
