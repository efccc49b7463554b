import { AppError, plainError, unpackError } from "../errors.ts";
import { Emitter } from "../events.ts";
import type { GreyFrame } from "../movie/frame.ts";
import type { MovieReader } from "../movie/movie_reader.ts";
import { GrowingTable } from "../table/growing_table.ts";
import type { Crew } from "../workers/crew.ts";
import { WorkerCrew } from "../workers/worker_crew.ts";
import { type Prepared, sampleRuns } from "./decided.ts";
import { type FrameBatch, FrameBatches } from "./frame_batches.ts";
import type { MoleculeColumns, Region } from "./localizer.ts";
import { rowsOf } from "./molecule_columns.ts";
import { FRAMES_PER_PLAN } from "./net/occupied.ts";
import type {
  LiveSession,
  LocalizeSession,
  SessionEvents,
  SessionProgress,
  SessionSettings,
} from "./session_types.ts";

const RATE_OVER_S = 2.0;
const PROGRESS_EVERY_S = 0.1;
// a live session looks at so many frames before it begins
const LIVE_SAMPLE_FRAMES = 48;
// pixels of a batch: enough that messages between threads cost nothing
const BATCH_PIXELS = 32_768;
// the network's input of more would be hundreds of megabytes
const NET_BATCH_PIXELS = 4_194_304;
// of a live camera, batches that may wait for each one that is worked on
const WAITING_PER_CREW = 2;

/** What file and live sessions share: batches out to the crew, molecules in by frame. */
class Session extends Emitter<SessionEvents> implements LocalizeSession {
  readonly table: GrowingTable;
  readonly done: Promise<void>;
  protected prepared: Prepared | null = null;
  protected batches = new FrameBatches(0, 1);
  protected framesTotal: number | null = null;
  protected framesSkipped = 0;
  protected readonly queue: FrameBatch[] = [];
  protected working = 0;
  private readonly finishedBatches = new Map<number, [FrameBatch, MoleculeColumns]>();
  private sent = 0;
  private shown = 0;
  private framesDone = 0;
  private readonly rate: [number, number][] = [];
  private told = 0;
  private ended = false;
  private settle: () => void = () => {};
  private wake: () => void = () => {};

  constructor(
    readonly settings: SessionSettings,
    protected readonly crew: Crew,
  ) {
    super();
    this.table = new GrowingTable(settings.pixelSizeNm);
    this.done = new Promise((resolve) => {
      this.settle = resolve;
    });
  }

  get progress(): SessionProgress {
    const [first, last] = [this.rate[0], this.rate.at(-1)];
    const seconds = first === undefined || last === undefined ? 0 : (last[0] - first[0]) / 1000;
    return {
      framesDone: this.framesDone,
      framesTotal: this.framesTotal,
      framesSkipped: this.framesSkipped,
      molecules: this.table.rows,
      framesPerS: seconds > 0 ? ((last?.[1] ?? 0) - (first?.[1] ?? 0)) / seconds : 0,
    };
  }

  cancel(): void {
    this.fail(new AppError("cancelled", "Localizing was stopped."));
  }

  protected get isOver(): boolean {
    return this.ended;
  }

  /** Has the crew decide what was left open. */
  protected async prepare(
    sample: readonly GreyFrame[],
    range: readonly [number, number],
  ): Promise<void> {
    const { width, height } = sample[0];
    const region: Region = this.settings.region ?? [0, width, 0, height];
    const { settings: asked } = this;
    this.prepared = await this.crew.prepare({ settings: asked, region, range, sample });
    if (this.ended) return;
    const [x0, x1, y0, y1] = region;
    const area = (x1 - x0) * (y1 - y0);
    const size =
      asked.method === "net"
        ? Math.min(FRAMES_PER_PLAN, Math.floor(NET_BATCH_PIXELS / area))
        : Math.floor(BATCH_PIXELS / area);
    this.batches = new FrameBatches(this.prepared.haloFrames, Math.max(size, 1));
    const { summary, notices, settings } = this.prepared;
    this.emit("prepared", { summary, notices, settings });
  }

  protected add(batches: readonly FrameBatch[]): void {
    this.queue.push(...batches);
    this.send();
  }

  /** Waits until another batch can be taken, or nothing is left when `empty`. */
  protected async room(empty: boolean): Promise<void> {
    const busy = (): boolean =>
      empty ? this.working + this.queue.length > 0 : this.working >= this.crew.size;
    while (busy() && !this.ended) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  protected finish(): void {
    if (this.ended) return;
    this.ended = true;
    this.crew.close();
    this.emit("progress", this.progress);
    this.emit("finished", this.progress);
    this.settle();
  }

  protected fail(error: unknown): void {
    if (this.ended) return;
    this.ended = true;
    this.crew.close();
    this.emit("failed", {
      error: error instanceof AppError ? error : unpackError(plainError(error)),
    });
    this.wake();
    this.settle();
  }

  private send(): void {
    while (this.working < this.crew.size && this.queue.length > 0) {
      const batch = this.queue.shift() as FrameBatch;
      const number = this.sent++;
      this.working++;
      this.crew.localize(batch).then(
        (molecules) => {
          this.working--;
          if (this.ended) return;
          this.finishedBatches.set(number, [batch, molecules]);
          this.show();
          this.send();
          this.wake();
        },
        (error: unknown) => this.fail(error),
      );
    }
  }

  /** Puts what is done into the table, in the order of frames. */
  private show(): void {
    for (;;) {
      const next = this.finishedBatches.get(this.shown);
      if (next === undefined) break;
      this.finishedBatches.delete(this.shown++);
      const [batch, molecules] = next;
      this.table.append(molecules);
      this.framesDone += batch.last - batch.first;
      this.count();
      let from = 0;
      for (const frame of batch.frames) {
        if (frame.index < batch.first || frame.index >= batch.last) continue;
        let to = from;
        while (to < molecules.rows && molecules.frame[to] === frame.index) to++;
        this.emit("frame", { frame, molecules: rowsOf(molecules, from, to) });
        from = to;
      }
    }
    const now = performance.now();
    if (now - this.told > 1000 * PROGRESS_EVERY_S) {
      this.told = now;
      this.emit("progress", this.progress);
    }
  }

  private count(): void {
    const now = performance.now();
    this.rate.push([now, this.framesDone]);
    while (this.rate.length > 2 && this.rate[0][0] < now - 1000 * RATE_OVER_S) this.rate.shift();
  }
}

class FileSession extends Session {
  constructor(
    private readonly movie: MovieReader,
    settings: SessionSettings,
    private readonly frames: readonly [number, number],
    crew: Crew,
  ) {
    super(settings, crew);
    this.framesTotal = frames[1] - frames[0];
    this.run().catch((error: unknown) => this.fail(error));
  }

  private async run(): Promise<void> {
    const [start, stop] = this.frames;
    // listeners are added after the session was made
    await Promise.resolve();
    if (!(0 <= start && start < stop && stop <= this.movie.frameCount)) {
      throw new AppError(
        "bad-settings",
        `The frames ${start} to ${stop} do not lie in the movie's ${this.movie.frameCount}.`,
        "Choose others.",
        this.movie.name,
      );
    }
    const region = this.settings.region ?? [0, this.movie.width, 0, this.movie.height];
    const sample: GreyFrame[] = [];
    for (const [first, last] of sampleRuns(this.settings, this.frames, region)) {
      for await (const frame of this.movie.frames(first, last)) sample.push(frame);
      if (this.isOver) return;
    }
    await this.prepare(sample, this.frames);
    for await (const frame of this.movie.frames(start, stop)) {
      if (this.isOver) return;
      this.add(this.batches.push(frame));
      await this.room(false);
    }
    this.add(this.batches.end());
    await this.room(true);
    this.finish();
  }
}

class CameraSession extends Session implements LiveSession {
  private sample: GreyFrame[] | null = [];
  private held: GreyFrame[] = [];
  private noMore = false;

  constructor(
    settings: SessionSettings,
    private readonly skipWhenBusy: boolean,
    crew: Crew,
  ) {
    super(settings, crew);
  }

  get waiting(): number {
    const queued = this.queue.reduce((sum, { first, last }) => sum + last - first, 0);
    return queued + this.held.length;
  }

  push(frame: GreyFrame): boolean {
    if (this.isOver || this.noMore) return false;
    if (this.prepared === null) {
      this.held.push(frame);
      if (this.sample !== null) {
        this.sample.push(frame);
        if (this.sample.length === LIVE_SAMPLE_FRAMES) this.begin();
      }
      return true;
    }
    if (this.skipWhenBusy && this.queue.length >= WAITING_PER_CREW * this.crew.size) {
      this.framesSkipped++;
      return false;
    }
    this.add(this.batches.push(frame));
    return true;
  }

  end(): void {
    if (this.noMore || this.isOver) return;
    this.noMore = true;
    if (this.sample !== null) {
      if (this.sample.length === 0) {
        this.finish();
        return;
      }
      this.begin();
    } else if (this.prepared !== null) {
      this.drain();
    }
  }

  private begin(): void {
    // the camera's numbers may begin anywhere and have gaps
    const sample = (this.sample ?? []).map((frame, index) => ({ ...frame, index }));
    this.sample = null;
    this.prepare(sample, [0, sample.length]).then(
      () => {
        for (const frame of this.held) this.add(this.batches.push(frame));
        this.held = [];
        if (this.noMore) this.drain();
      },
      (error: unknown) => this.fail(error),
    );
  }

  private drain(): void {
    this.add(this.batches.end());
    this.room(true).then(() => this.finish());
  }
}

/** Localizes a file, all frames or `options.frames`; nothing is skipped. */
export function localizeMovie(
  movie: MovieReader,
  settings: SessionSettings,
  options: { readonly frames?: readonly [number, number]; readonly crew?: Crew } = {},
): LocalizeSession {
  const crew = options.crew ?? new WorkerCrew(settings.workers);
  return new FileSession(movie, settings, options.frames ?? [0, movie.frameCount], crew);
}

/** Localizes a camera's frames as they are pushed. */
export function localizeLive(
  settings: SessionSettings,
  options: { readonly skipWhenBusy: boolean; readonly crew?: Crew },
): LiveSession {
  const crew = options.crew ?? new WorkerCrew(settings.workers);
  return new CameraSession(settings, options.skipWhenBusy, crew);
}
