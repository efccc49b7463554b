/** Frames that never came: seen as gaps in the timestamps. */

/** Counts late and missing frames from timestamps, without knowing the frame rate before. */
export class FrameGaps {
  /** frames that the timestamps say are missing */
  dropped = 0;
  /** frames that came */
  received = 0;
  #last: number | null = null;
  readonly #intervals: number[] = [];

  /** @param timestampUs presentation time of the next frame, microseconds */
  add(timestampUs: number): void {
    this.received += 1;
    if (this.#last !== null) {
      const interval = timestampUs - this.#last;
      const usual = this.medianIntervalUs;
      if (interval > 0) {
        if (usual !== null && this.#intervals.length >= 5 && interval > 1.6 * usual) {
          this.dropped += Math.round(interval / usual) - 1;
        } else {
          this.#intervals.push(interval);
          if (this.#intervals.length > 31) this.#intervals.shift();
        }
      }
    }
    this.#last = timestampUs;
  }

  /** Median of the last intervals, or null before there are any. */
  get medianIntervalUs(): number | null {
    if (this.#intervals.length === 0) return null;
    const sorted = [...this.#intervals].sort((a, b) => a - b);
    return sorted[sorted.length >> 1] ?? null;
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
    this.#intervals.length = 0;
  }
}
