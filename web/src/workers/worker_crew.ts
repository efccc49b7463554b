import type { Preparation, Prepared } from "../localize/decided.ts";
import type { FrameBatch } from "../localize/frame_batches.ts";
import type { MoleculeColumns } from "../localize/localizer.ts";
import { Calls } from "./calls.ts";
import type { Crew, Request } from "./crew.ts";

const MOST_WORKERS = 4;

/** Workers by the device's cores; one is left to the page. */
export function usualWorkers(): number {
  const cores = navigator.hardwareConcurrency || 2;
  return Math.max(1, Math.min(MOST_WORKERS, cores > 2 ? cores - 1 : cores));
}

/** Workers of one thread each, that take batches in turn. */
export class WorkerCrew implements Crew {
  readonly size: number;
  private readonly workers: Worker[];
  private readonly calls: Calls[];
  private readonly busy: number[];

  constructor(count: number | null) {
    const workers = count ?? usualWorkers();
    // while one batch is worked on the next one is there already
    this.size = 2 * workers;
    this.workers = Array.from(
      { length: workers },
      () => new Worker(new URL("./localize_worker.ts", import.meta.url), { type: "module" }),
    );
    this.calls = this.workers.map((worker) => new Calls(worker));
    this.busy = this.workers.map(() => 0);
    const begin: Request = { kind: "begin", base: new URL("./", document.baseURI).href };
    for (const calls of this.calls) void calls.ask(begin);
  }

  async prepare(preparation: Preparation): Promise<Prepared> {
    const request: Request = { kind: "prepare", preparation };
    const prepared = await this.calls[0].ask<Prepared>(request);
    const load: Request = { kind: "load", decided: prepared.decided };
    await Promise.all(this.calls.map((calls) => calls.ask(load)));
    return prepared;
  }

  async localize(batch: FrameBatch): Promise<MoleculeColumns> {
    const least = this.busy.indexOf(Math.min(...this.busy));
    this.busy[least]++;
    try {
      const request: Request = { kind: "localize", batch };
      return await this.calls[least].ask<MoleculeColumns>(request);
    } finally {
      this.busy[least]--;
    }
  }

  close(): void {
    for (const worker of this.workers) worker.terminate();
  }
}
