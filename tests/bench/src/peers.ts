// The clients of `cargo xtask bench peers` in Node.js: one process, a number of clients with a connection each, and for
// each system the library that one would take: the official SDK, tRPC's own client, or undici for plain HTTP.
//
// Each client keeps a fixed number of calls in flight; an answer makes room for the next call. The result is one line
// of JSON, with the same members as that of the compiled load generator (tests/peers/load).

import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";

import { createTRPCUntypedClient, httpBatchLink } from "@trpc/client";
import { Agent, Client, fetch } from "undici";

import { Latencies } from "./latencies";
import { DbConnection } from "./module_bindings";

interface Transfer {
  from: number;
  to: number;
  amount: number;
}

/** Makes one transfer; fails unless it is accepted. */
type Call = (transfer: Transfer) => Promise<unknown>;

const { values } = parseArgs({
  options: {
    /** `node`, `http` or `trpc`. */
    protocol: { type: "string" },
    /** Address and port. */
    address: { type: "string" },
    path: { type: "string", default: "/transfers" },
    token: { type: "string" },
    database: { type: "string", default: "transfer" },
    unconfirmed: { type: "boolean", default: false },
    pairs: { type: "string" },
    /** Which of them comes first, as a part of all: loads that begin apart meet other accounts. */
    begin: { type: "string", default: "0" },
    clients: { type: "string" },
    "in-flight": { type: "string" },
    "warm-up-seconds": { type: "string" },
    seconds: { type: "string" },
  },
});

function text(name: "protocol" | "address" | "pairs"): string {
  const value = values[name];
  if (value === undefined) throw new Error(`--${name} is missing`);
  return value;
}

function number(name: "begin" | "clients" | "in-flight" | "warm-up-seconds" | "seconds"): number {
  const value = Number(values[name]);
  if (!(value >= 0)) throw new Error(`--${name} must be a number`);
  return value;
}

function connect(): Promise<Call> {
  switch (text("protocol")) {
    case "node":
      return connectToNode();
    case "http":
      return Promise.resolve(connectOverHttp());
    case "trpc":
      return Promise.resolve(connectOverTrpc());
    default:
      throw new Error(`--protocol ${values.protocol} is not known`);
  }
}

function connectToNode(): Promise<Call> {
  return new Promise((resolve, reject) => {
    DbConnection.builder()
      .withUri(`http://${text("address")}`)
      .withDatabaseName(values.database)
      .withConfirmedReads(!values.unconfirmed)
      .onConnect((connection) => resolve((transfer) => connection.reducers.transfer(transfer)))
      .onConnectError((_, cause) => reject(cause))
      .onDisconnect((_, cause) => {
        if (cause) throw cause;
      })
      .build();
  });
}

function connectOverHttp(): Call {
  const client = new Client(`http://${text("address")}`, { pipelining: number("in-flight") });
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (values.token !== undefined) headers.authorization = `Bearer ${values.token}`;
  return async (transfer) => {
    const { statusCode, body } = await client.request({
      method: "POST",
      path: values.path,
      headers,
      body: JSON.stringify(transfer),
      // Without it undici sends one POST at a time on a connection.
      idempotent: true,
      blocking: false,
    });
    const answer = await body.json();
    if (statusCode !== 200) throw new Error(`${statusCode}: ${JSON.stringify(answer)}`);
  };
}

/** The link that tRPC's documentation begins with: calls that are made at once travel in one request. */
function connectOverTrpc(): Call {
  const dispatcher = new Agent({ connections: 1, pipelining: 1 });
  const client = createTRPCUntypedClient({
    links: [
      httpBatchLink({
        url: `http://${text("address")}/trpc`,
        fetch: (url, options) => fetch(url.toString(), { ...(options as object), dispatcher }) as never,
      }),
    ],
  });
  return (transfer) => client.mutation("transfer", transfer);
}

/** Reads lines of two account numbers, payer and payee. */
function readPairs(path: string): Uint32Array {
  const numbers = readFileSync(path, "utf8").trim().split(/\s+/).map(Number);
  if (numbers.length < 2 || numbers.length % 2 !== 0 || !numbers.every(Number.isSafeInteger)) {
    throw new Error(`${path} does not hold pairs of account numbers`);
  }
  return Uint32Array.from(numbers);
}

/** All calls of the run. */
class Run {
  readonly #latencies = new Latencies();
  readonly #measured = performance.now() + 1000 * number("warm-up-seconds");
  readonly #end = this.#measured + 1000 * number("seconds");
  #next: number;
  #answered = 0;
  #failed = 0;

  constructor(readonly pairs: Uint32Array) {
    this.#next = Math.floor((number("begin") * pairs.length) / 2);
  }

  /** One call after the other until the time is over. */
  async lane(call: Call): Promise<void> {
    for (;;) {
      const sentAt = performance.now();
      if (sentAt >= this.#end) return;
      const pair = (2 * this.#next++) % this.pairs.length;
      const isAccepted = await call({ from: this.pairs[pair] ?? 0, to: this.pairs[pair + 1] ?? 0, amount: 1 }).then(
        () => true,
        (cause: unknown) => this.#refused(cause),
      );
      const now = performance.now();
      if (this.#measured <= now && now < this.#end) this.#answered += 1;
      if (sentAt < this.#measured) continue;
      if (!isAccepted) this.#failed += 1;
      this.#latencies.keep(now - sentAt);
    }
  }

  /** Says why, once. */
  #refused(cause: unknown): boolean {
    if (this.#failed === 0) console.error(cause);
    return false;
  }

  print(): void {
    const seconds = (this.#end - this.#measured) / 1000;
    const [due, calls, failed] = [this.#latencies.count, this.#answered, this.#failed];
    this.#latencies.print({ due, calls, failed, unanswered: 0, seconds });
  }
}

async function main(): Promise<void> {
  const pairs = readPairs(text("pairs"));
  const calls = await Promise.all(Array.from({ length: number("clients") }, connect));
  const run = new Run(pairs);
  const inFlight = number("in-flight");
  await Promise.all(calls.flatMap((call) => Array.from({ length: inFlight }, () => run.lane(call))));
  run.print();
}

main().then(
  () => process.exit(0),
  (cause: unknown) => {
    console.error(cause);
    process.exit(1);
  },
);
