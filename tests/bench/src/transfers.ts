// Transfers over the official TypeScript SDK, as one process of clients would send them.
//
// Each connection keeps a fixed number of calls in flight: the next one is sent when an answer
// arrives, and with confirmed reads an answer means that the transaction is on disk. The result
// is one line of JSON.

import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";

import { DbConnection } from "./module_bindings";

/** Latencies that are kept; a longer run keeps its last ones. */
const LATENCIES_MAX = 1 << 22;

interface Options {
  url: string;
  database: string;
  /** File of account pairs; a run that is longer than the file starts it again. */
  pairs: string;
  connections: number;
  inFlight: number;
  /** Calls before the clock starts, which warm up both sides. */
  warmUpCalls: number;
  calls: number;
}

interface Result {
  calls: number;
  per_second: number;
  p50_ms: number;
  p99_ms: number;
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      url: { type: "string" },
      database: { type: "string" },
      pairs: { type: "string" },
      connections: { type: "string" },
      "in-flight": { type: "string" },
      "warm-up-calls": { type: "string" },
      calls: { type: "string" },
    },
  });
  const text = (name: keyof typeof values): string => {
    const value = values[name];
    if (value === undefined) throw new Error(`--${name} is missing`);
    return value;
  };
  const count = (name: keyof typeof values): number => {
    const value = Number(text(name));
    if (!Number.isSafeInteger(value) || value < 0) throw new Error(`--${name} must be a whole number`);
    return value;
  };
  return {
    url: text("url"),
    database: text("database"),
    pairs: text("pairs"),
    connections: count("connections"),
    inFlight: count("in-flight"),
    warmUpCalls: count("warm-up-calls"),
    calls: count("calls"),
  };
}

function connect({ url, database }: Options): Promise<DbConnection> {
  return new Promise((resolve, reject) => {
    DbConnection.builder()
      .withUri(url)
      .withDatabaseName(database)
      .withConfirmedReads(true)
      .onConnect((connection) => resolve(connection))
      .onConnectError((_, cause) => reject(cause))
      .onDisconnect((_, cause) => {
        if (cause) throw cause;
      })
      .build();
  });
}

/** Reads lines of two account numbers, payer and payee. */
function readPairs(path: string): Uint32Array {
  const numbers = readFileSync(path, "utf8").trim().split(/\s+/).map(Number);
  if (numbers.length < 2 || numbers.length % 2 !== 0 || !numbers.every(Number.isSafeInteger)) {
    throw new Error(`${path} does not hold pairs of account numbers`);
  }
  return Uint32Array.from(numbers);
}

/** The calls of one run, shared by all connections. */
class Run {
  readonly #latencies = new Float32Array(LATENCIES_MAX);
  #sent = 0;
  #answered = 0;

  constructor(
    readonly pairs: Uint32Array,
    readonly calls: number,
  ) {}

  /** One call after the other, until all calls of the run are sent. */
  async lane(connection: DbConnection): Promise<void> {
    while (this.#sent < this.calls) {
      const pair = (2 * this.#sent++) % this.pairs.length;
      const call = { from: this.pairs[pair] ?? 0, to: this.pairs[pair + 1] ?? 0, amount: 1 };
      const sentAt = performance.now();
      await connection.reducers.transfer(call);
      this.#latencies[this.#answered++ % LATENCIES_MAX] = performance.now() - sentAt;
    }
  }

  result(seconds: number): Result {
    const latencies = this.#latencies.subarray(0, Math.min(this.#answered, LATENCIES_MAX)).sort();
    const percentile = (part: number) => latencies[Math.floor(part * (latencies.length - 1))] ?? 0;
    return {
      calls: this.#answered,
      per_second: this.#answered / seconds,
      p50_ms: percentile(0.5),
      p99_ms: percentile(0.99),
    };
  }
}

async function runCalls(connections: DbConnection[], inFlight: number, run: Run): Promise<number> {
  const startedAt = performance.now();
  const lanes = connections.flatMap((connection) => Array.from({ length: inFlight }, () => run.lane(connection)));
  await Promise.all(lanes);
  return (performance.now() - startedAt) / 1000;
}

async function main(): Promise<void> {
  const options = readOptions();
  const pairs = readPairs(options.pairs);
  const connections = await Promise.all(Array.from({ length: options.connections }, () => connect(options)));
  await runCalls(connections, options.inFlight, new Run(pairs, options.warmUpCalls));
  const run = new Run(pairs, options.calls);
  const seconds = await runCalls(connections, options.inFlight, run);
  console.log(JSON.stringify(run.result(seconds)));
  for (const connection of connections) connection.disconnect();
}

main().then(
  () => process.exit(0),
  (cause: unknown) => {
    console.error(cause);
    process.exit(1);
  },
);
