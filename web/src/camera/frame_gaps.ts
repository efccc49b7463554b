/** Frames that never came: seen as gaps in the timestamps. */

// so many intervals tell what is usual
const LEAST_KNOWN = 5;
const MOST_KNOWN = 31;
const GAP = 1.6;
// No camera of a page is quicker: such frames were held up and came at once.
const LEAST_INTERVAL_US = 2000;
// So many longer intervals in a row, all alike, are no gaps: the camera became slower, as
// with a longer exposure.
const FRAMES_OF_NEW_RATE = 60;
const ALIKE = 0.1;

/** Counts late and missing frames from timestamps, without knowing the frame rate before. */
export class FrameGaps {
  /** frames that the timestamps say are missing; the first gaps count once five intervals came */
  dropped = 0;
  /** frames that came */
  received = 0;
  #last: number | null = null;
  #early: number[] = [];
  /** the last intervals, if all of them were gaps, and what was counted for them */
  #long: number[] = [];
  #countedForLong = 0;
  #intervals: number[] = [];

  /** @param timestampUs presentation time of the next frame, microseconds */
  add(timestampUs: number): void {
    this.received += 1;
    const interval = this.#last === null ? 0 : timestampUs - this.#last;
    this.#last = timestampUs;
    if (interval < LEAST_INTERVAL_US) return;
    if (this.#intervals.length > 0) {
      this.#judge(interval, median(this.#intervals));
      return;
    }
    this.#early.push(interval);
    if (this.#early.length < LEAST_KNOWN) return;
    const usual = median(this.#early);
    for (const first of this.#early) this.#judge(first, usual);
    this.#early = [];
  }

  #judge(interval: number, usual: number): void {
    if (interval > GAP * usual) {
      const missing = Math.round(interval / usual) - 1;
      this.dropped += missing;
      this.#long.push(interval);
      this.#countedForLong += missing;
      if (this.#long.length === FRAMES_OF_NEW_RATE) this.#lookForNewRate();
      return;
    }
    this.#forgetLong();
    this.#intervals.push(interval);
    if (this.#intervals.length > MOST_KNOWN) this.#intervals.shift();
  }

  #lookForNewRate(): void {
    const middle = median(this.#long);
    if (this.#long.every((interval) => Math.abs(interval - middle) <= ALIKE * middle)) {
      this.dropped -= this.#countedForLong;
      this.#intervals = this.#long.slice(-MOST_KNOWN);
    }
    this.#forgetLong();
  }

  #forgetLong(): void {
    this.#long = [];
    this.#countedForLong = 0;
  }

  /** Median of the last intervals, or null before there are any. */
  get medianIntervalUs(): number | null {
    const known = this.#intervals.length > 0 ? this.#intervals : this.#early;
    return known.length > 0 ? median(known) : null;
  }

  /** Frames per second by the timestamps, or null before there are two. */
  get framesPerSecond(): number | null {
    const interval = this.medianIntervalUs;
    return interval === null ? null : 1e6 / interval;
  }

  /** Forget everything, as when another recording begins. */
  reset(): void {
    this.dropped = 0;
    this.received = 0;
    this.#last = null;
    this.#early = [];
    this.#intervals = [];
    this.#forgetLong();
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] as number;
}
