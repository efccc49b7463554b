import type { Decided, Prepared } from "../localize/decided.ts";
import type { FrameBatch } from "../localize/frame_batches.ts";
import type { MoleculeColumns, Region } from "../localize/localizer.ts";
import type { SessionSettings } from "../localize/session_types.ts";
import type { GreyFrame } from "../movie/frame.ts";

/** Whoever does the localizing: workers, or (in tests) the same thread. */
export interface Crew {
  /** Batches that are worked on at the same time. */
  readonly size: number;
  /** Decides what was left open, and makes everyone ready. */
  prepare(
    settings: SessionSettings,
    region: Region,
    sample: readonly GreyFrame[],
  ): Promise<Prepared>;
  /** Molecules of a batch; give at most `size` at a time, more only wait. */
  localize(batch: FrameBatch): Promise<MoleculeColumns>;
  /** Ends all work; what is not done yet never comes. */
  close(): void;
}

/** What a worker is asked. */
export type Request =
  | {
      readonly kind: "prepare";
      readonly settings: SessionSettings;
      readonly region: Region;
      readonly sample: readonly GreyFrame[];
    }
  | { readonly kind: "load"; readonly decided: Decided }
  | { readonly kind: "localize"; readonly batch: FrameBatch };
