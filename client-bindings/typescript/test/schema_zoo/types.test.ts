/** Values of every type, there and back. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { ConnectionId, Identity, ScheduleAt, TimeDuration, Timestamp, Uuid } from "spacetimedb";

import { subscribe } from "../support/session";
import { eventually, within } from "../support/waiting";
import { tables } from "./module_bindings";
import { Choice, Diet, type Everything, Formula, Shape } from "./module_bindings/types";
import { Zoo } from "./zoo";

test("a procedure returns every value as it was", async (t) => {
  const { connection } = await (await Zoo.open(t)).visit();
  for (const everything of [ordinary(), extreme()]) {
    const back = await within("the answer", connection.procedures.echoBack({ everything }));
    assert.deepEqual(back, decoded(everything));
    assert.deepEqual(await connection.procedures.echoBack({ everything: back }), back);
  }
});

test("a row holds every value as it was, live and when it is read later", async (t) => {
  const zoo = await Zoo.open(t);
  const { connection, identity } = await zoo.visit();
  await subscribe(connection, tables.echo);
  const values = [ordinary(), extreme()];
  for (const everything of values) {
    await connection.reducers.echoAllTypes({ everything });
  }
  const expected = values.map((everything, index) => {
    const { scalars, specials, collections, choices } = decoded(everything);
    return { id: BigInt(index + 1), sender: identity, scalars, specials, collections, choices };
  });
  const live = await eventually("both rows", () => connection.db.echo.count() === 2n && [...connection.db.echo.iter()]);
  assert.deepEqual(
    live.toSorted((one, other) => Number(one.id - other.id)),
    expected,
  );

  const later = await zoo.visit();
  await subscribe(
    later.connection,
    tables.echo.where((echo) => echo.sender.eq(identity)),
  );
  const read = [...later.connection.db.echo.iter()];
  assert.deepEqual(
    read.toSorted((one, other) => Number(one.id - other.id)),
    expected,
  );
});

test("every scalar can be an argument of its own", async (t) => {
  const { connection } = await (await Zoo.open(t)).visit();
  await within("the reducer", connection.reducers.echoScalars(extreme().scalars));
});

/** What a value looks like after decoding: a variant without payload has the empty one. */
function decoded<Value>(value: Value): Value {
  if (Array.isArray(value)) {
    return value.map(decoded) as Value;
  }
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) {
    return value;
  }
  const entries = Object.entries(value).map(([key, field]) => [key, decoded(field)]);
  const product = Object.fromEntries(entries);
  return "tag" in value && !("value" in value) ? { ...product, value: {} } : product;
}

/**
 * A result as the SDK reads and writes it; it declares the bare payload. Only successes: SDK 2.10.1
 * writes an error with the type of the value, so that errors in arguments do not arrive.
 */
function success<Declared>(ok: unknown): Declared {
  return { ok } as Declared;
}

function ordinary(): Everything {
  const corner = { x: -3, y: 4 };
  return {
    scalars: {
      flag: true,
      unsigned8: 8,
      unsigned16: 16,
      unsigned32: 32,
      unsigned64: 64n,
      unsigned128: 128n,
      unsigned256: 256n,
      signed8: -8,
      signed16: -16,
      signed32: -32,
      signed64: -64n,
      signed128: -128n,
      signed256: -256n,
      float32: 0.5,
      float64: 0.1,
      text: "a lion, 獅子, 🦁\0\n",
    },
    specials: {
      identity: Identity.fromString(`c200${"5a".repeat(30)}`),
      connection: new ConnectionId(0x0123_4567_89ab_cdefn),
      timestamp: new Timestamp(1_234_567_890_123_456n),
      duration: TimeDuration.fromMillis(-1500),
      schedule: ScheduleAt.time(1_700_000_000_000_000n),
      uuid: Uuid.parse("0190a6b4-3c5e-7def-8123-456789abcdef"),
      nothing: {},
      empty: {},
    },
    collections: {
      bytes: new Uint8Array([0, 127, 255]),
      numbers: [1, -1],
      words: ["one", "", "three"],
      grid: [[1, 2], [], [3]],
      maybe: 7n,
      maybeMaybe: "inner",
      maybeBytes: new Uint8Array([9]),
      sparse: [Diet.Omnivore, undefined, Diet.Herbivore],
      outcome: success(5),
      outcomes: [success({}), success({})],
    },
    choices: [
      Choice.Nothing,
      Choice.Number(-1n),
      Choice.Text("text"),
      Choice.Shape(Shape.Point),
      Choice.Shape(Shape.Circle({ centre: corner, radius: 2.5 })),
      Choice.Shape(Shape.Polygon([corner, { x: 0, y: 0 }])),
      Choice.Diets([Diet.Herbivore, Diet.Carnivore]),
      Choice.Maybe(Shape.Point),
      { tag: "Maybe", value: undefined },
    ],
    family: { name: "grandmother", children: [{ name: "mother", children: [{ name: "child", children: [] }] }] },
    formula: Formula.Sum([
      Formula.Constant(1n),
      Formula.Product({ factors: [Formula.Constant(2n), Formula.Sum([])], label: "two" }),
      Formula.Product({ factors: [], label: undefined }),
    ]),
  };
}

/** The largest and smallest values, and nothing at all. */
function extreme(): Everything {
  const scalars: Everything["scalars"] = {
    flag: false,
    unsigned8: 255,
    unsigned16: 65_535,
    unsigned32: 4_294_967_295,
    unsigned64: 2n ** 64n - 1n,
    unsigned128: 2n ** 128n - 1n,
    unsigned256: 2n ** 256n - 1n,
    signed8: -128,
    signed16: -32_768,
    signed32: -2_147_483_648,
    signed64: -(2n ** 63n),
    signed128: -(2n ** 127n),
    signed256: -(2n ** 255n),
    float32: Number.NEGATIVE_INFINITY,
    float64: Number.MIN_VALUE,
    text: "x".repeat(100_000),
  };
  return {
    scalars,
    specials: {
      identity: Identity.zero(),
      connection: new ConnectionId(2n ** 128n - 1n),
      timestamp: new Timestamp(-(2n ** 63n)),
      duration: new TimeDuration(2n ** 63n - 1n),
      schedule: ScheduleAt.interval(1n),
      uuid: Uuid.MAX,
      nothing: {},
      empty: {},
    },
    collections: {
      bytes: new Uint8Array(50_000).fill(170),
      numbers: [],
      words: [],
      grid: [],
      maybe: undefined,
      maybeMaybe: undefined,
      maybeBytes: undefined,
      sparse: [],
      outcome: success(0),
      outcomes: [],
    },
    choices: [Choice.Scalars({ ...scalars, float64: Number.NaN, text: "" })],
    family: { name: "", children: [] },
    formula: Formula.Constant(-(2n ** 63n)),
  };
}
