import {
  localizerOf,
  type Preparation,
  type Prepared,
  prepareLocalizer,
} from "../localize/decided.ts";
import type { FrameBatch } from "../localize/frame_batches.ts";
import type { Localizer, MoleculeColumns } from "../localize/localizer.ts";
import type { Crew } from "./crew.ts";

/** Works in the thread that asks; for tests and where there are no workers. */
export class InPlaceCrew implements Crew {
  readonly size = 1;
  private localizer: Localizer | null = null;

  async prepare(preparation: Preparation): Promise<Prepared> {
    const prepared = await prepareLocalizer(preparation);
    this.localizer = await localizerOf(prepared.decided);
    return prepared;
  }

  async localize(batch: FrameBatch): Promise<MoleculeColumns> {
    if (this.localizer === null) throw new Error("nothing was decided yet");
    return this.localizer.localize(batch.frames, batch.first, batch.last);
  }

  close(): void {
    this.localizer = null;
  }
}
