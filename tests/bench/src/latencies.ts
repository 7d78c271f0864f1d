// What was measured, as the compiled load generator keeps it (tests/peers/load): a histogram of microseconds, up to ten
// minutes, with three digits.

import { build } from "hdr-histogram-js";

/** The result: one line of JSON. */
export interface Summary {
  due: number;
  calls: number;
  failed: number;
  unanswered: number;
  seconds: number;
}

/** How long things took. */
export class Latencies {
  readonly #micros = build({ highestTrackableValue: 600_000_000, numberOfSignificantValueDigits: 3 });

  /** How many there are. */
  get count(): number {
    return this.#micros.totalCount;
  }

  /** Something took so many milliseconds, or so many things did. */
  keep(millis: number, count = 1): void {
    this.#micros.recordValueWithCount(Math.max(1, Math.round(1000 * millis)), count);
  }

  /** Writes the result. */
  print({ seconds, ...counts }: Summary): void {
    const millis = (percentile: number) => this.#micros.getValueAtPercentile(percentile) / 1000;
    const figures = {
      ...counts,
      per_second: counts.calls / seconds,
      p50_ms: millis(50),
      p90_ms: millis(90),
      p99_ms: millis(99),
      p999_ms: millis(99.9),
      max_ms: millis(100),
    };
    console.log(JSON.stringify(figures));
  }
}
