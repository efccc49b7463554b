import type { GreyFrame } from "../movie/frame.ts";

/** Frames that are localized together, and those around them that this needs. */
export interface FrameBatch {
  /** Consecutive, with up to the halo on each side. */
  readonly frames: readonly GreyFrame[];
  /** First and last (exclusive) frame to localize. */
  readonly first: number;
  readonly last: number;
}

/** Cuts rising frames into batches; where frames are missing a run ends and another begins. */
export class FrameBatches {
  private run: GreyFrame[] = [];
  private next = 0;

  /** `halo` frames are needed on each side, `size` frames make a batch. */
  constructor(
    private readonly halo: number,
    private readonly size: number,
  ) {}

  /** Takes a frame; gives the batches that are complete with it. */
  push(frame: GreyFrame): FrameBatch[] {
    const before = this.run.at(-1);
    const batches = before !== undefined && frame.index !== before.index + 1 ? this.end() : [];
    if (this.run.length === 0) this.next = frame.index;
    this.run.push(frame);
    if (frame.index + 1 >= this.next + this.size + this.halo) {
      batches.push(this.cut(this.next + this.size));
    }
    return batches;
  }

  /** No more frames in this run: what is left. */
  end(): FrameBatch[] {
    const batches: FrameBatch[] = [];
    const last = this.run.at(-1);
    while (last !== undefined && this.next <= last.index) {
      batches.push(this.cut(Math.min(this.next + this.size, last.index + 1)));
    }
    this.run = [];
    return batches;
  }

  private cut(last: number): FrameBatch {
    const first = this.next;
    const frames = this.run.filter(
      ({ index }) => index >= first - this.halo && index < last + this.halo,
    );
    this.next = last;
    this.run = this.run.filter(({ index }) => index >= last - this.halo);
    return { frames, first, last };
  }
}
