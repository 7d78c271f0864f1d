// The members of rooms of `cargo xtask bench peers` in Node.js: they move at fixed times and see each other, by the
// library that each system comes with. The result is one line of JSON, with the same members as that of the compiled
// load generator (tests/peers/load).

import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";

import { Latencies } from "./latencies";
import { enterColyseus } from "./rooms/colyseus";
import type { Seat, Seen, Walk } from "./rooms/move";
import { enterNode } from "./rooms/node";
import { enterPlain } from "./rooms/plain";

/** Members that enter at the same time. */
const ENTERING_MAX = 16;
/** How long after the last move members still listen at most, in milliseconds. */
const PATIENCE_MS = 5000;

const { values: options } = parseArgs({
  options: {
    /** `node`, `node-ticking`, `plain`, `colyseus-state` or `colyseus-messages`. */
    protocol: { type: "string", default: "" },
    /** Address and port. */
    address: { type: "string", default: "" },
    unconfirmed: { type: "boolean", default: false },
    rooms: { type: "string", default: "1" },
    seats: { type: "string", default: "20" },
    "moves-a-second": { type: "string", default: "10" },
    "warm-up-seconds": { type: "string", default: "1" },
    seconds: { type: "string", default: "1" },
  },
});

function enter(seat: Seat, seen: Seen): Promise<Walk> {
  const { protocol, address, unconfirmed } = options;
  switch (protocol) {
    case "node":
    case "node-ticking":
      return enterNode(address, protocol, !unconfirmed, seat, seen);
    case "colyseus-state":
    case "colyseus-messages":
      return enterColyseus(address, protocol, seat, seen);
    case "plain":
      return enterPlain(address, seat, seen);
    default:
      throw new Error(`--protocol ${protocol} is not known`);
  }
}

/** All moves of the run. */
class Run {
  readonly #rooms = Number(options.rooms);
  readonly #seats = Number(options.seats);
  readonly #members = this.#rooms * this.#seats;
  readonly #interval = 1000 / Number(options["moves-a-second"]);
  readonly #measured = 1000 * Number(options["warm-up-seconds"]);
  readonly #end = this.#measured + 1000 * Number(options.seconds);
  readonly #delays = new Latencies();
  #begin = Infinity;
  #moves = 0;
  #calls = 0;
  /** Moves that somebody was never shown, because a later one of the same member came first. */
  #overtaken = 0;

  /** Lets all members in, some at a time. */
  async enterAll(): Promise<Walk[]> {
    const walks: Walk[] = [];
    for (let first = 0; first < this.#members; first += ENTERING_MAX) {
      const length = Math.min(ENTERING_MAX, this.#members - first);
      const entering = Array.from({ length }, (_, index) => {
        const member = first + index;
        const [room, seat] = [Math.floor(member / this.#seats), member % this.#seats];
        return enter({ room, seat, member }, this.#eyes(member - seat));
      });
      walks.push(...(await Promise.all(entering)));
    }
    return walks;
  }

  /** When the member makes its move with this number, in microseconds. */
  #due(member: number, number: number): number {
    return Math.round(1000 * this.#interval * (number + member / this.#members));
  }

  /**
   * Counts every move once: a server that sends whole states repeats what has not changed.
   *
   * A system that collects moves never shows one that a later one of the same member has overtaken. Whoever sees the
   * later one misses nothing any more, so the earlier one took until now; but it is not among those that were shown.
   */
  #eyes(first: number): Seen {
    /** The number of the move that each seat is to make next. */
    const next = new Uint32Array(this.#seats);
    return (member, sent) => {
      // What Colyseus keeps of a member who has not moved yet.
      if (sent < 0) return;
      const now = performance.now() - this.#begin;
      const shown = Math.max(0, Math.round(sent / 1000 / this.#interval - member / this.#members));
      const expected = next[member - first] ?? 0;
      if (shown < expected) return;
      next[member - first] = shown + 1;
      for (let number = expected; number < shown; number += 1) {
        if (this.#keep(this.#due(member, number), now)) this.#overtaken += 1;
      }
      this.#keep(this.#due(member, shown), now);
      if (this.#measured <= now && now < this.#end) this.#calls += 1;
    };
  }

  /** Keeps how late a move is that was due then, if it counts. */
  #keep(due: number, now: number): boolean {
    const counts = due >= 1000 * this.#measured;
    if (counts) this.#delays.keep(now - due / 1000);
    return counts;
  }

  /** Makes the moves that are due, each at its time, and ends after the last. */
  walkAll(walks: Walk[]): Promise<void> {
    // Moves in their order: all members once, then all members again.
    let next = 0;
    this.#begin = performance.now();
    return new Promise((resolve) => {
      const tick = () => {
        const now = performance.now() - this.#begin;
        for (;;) {
          const [number, member] = [Math.floor(next / this.#members), next % this.#members];
          const sent = this.#due(member, number);
          const due = sent / 1000;
          if (due >= this.#end) return resolve();
          if (due > now) return setTimeout(tick, Math.max(0, due - now));
          if (sent >= 1000 * this.#measured) this.#moves += 1;
          walks[member]?.({ member, x: number, y: member % this.#seats, sent });
          next += 1;
        }
      };
      tick();
    });
  }

  /** Waits until everything was seen, or patience is at its end. */
  async listenOn(): Promise<void> {
    const giveUp = performance.now() + PATIENCE_MS;
    while (this.#unseen() > 0 && performance.now() < giveUp) await sleep(20);
  }

  #unseen(): number {
    return this.#moves * this.#seats - this.#delays.count;
  }

  print(): void {
    const due = this.#moves * this.#seats;
    const unseen = this.#unseen();
    const unanswered = unseen + this.#overtaken;
    // Whatever was seen in the end was seen sooner than that: a system gains nothing by losing what is late.
    const waited = Math.max(performance.now() - this.#begin, this.#end + PATIENCE_MS) - this.#measured;
    if (unseen > 0) this.#delays.keep(waited, unseen);
    const seconds = (this.#end - this.#measured) / 1000;
    this.#delays.print({ due, calls: this.#calls, failed: 0, unanswered, seconds });
  }
}

async function main(): Promise<void> {
  const run = new Run();
  await run.walkAll(await run.enterAll());
  await run.listenOn();
  run.print();
}

main().then(
  () => process.exit(0),
  (cause: unknown) => {
    console.error(cause);
    process.exit(1);
  },
);
