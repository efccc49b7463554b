import type { Decided, Preparation, Prepared } from "../localize/decided.ts";
import type { FrameBatch } from "../localize/frame_batches.ts";
import type { MoleculeColumns } from "../localize/localizer.ts";

/** Whoever does the localizing: workers, or (in tests) the same thread. */
export interface Crew {
  /** Batches that are worked on at the same time. */
  readonly size: number;
  /** Decides what was left open, and makes everyone ready. */
  prepare(preparation: Preparation): Promise<Prepared>;
  /** Molecules of a batch; give at most `size` at a time, more only wait. */
  localize(batch: FrameBatch): Promise<MoleculeColumns>;
  /** Ends all work; what is not done yet never comes. */
  close(): void;
}

/** What a worker is asked. */
export type Request =
  | { readonly kind: "begin"; readonly base: string }
  | {
      readonly kind: "prepare";
      readonly preparation: Preparation;
    }
  | { readonly kind: "load"; readonly decided: Decided }
  | { readonly kind: "localize"; readonly batch: FrameBatch };
