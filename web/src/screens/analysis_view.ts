/** Everything one sees of a localization, while it runs and afterwards. */

import type { MoleculeColumns, Region } from "../localize/localizer.ts";
import type { LocalizeSession, SessionProgress } from "../localize/session_types.ts";
import type { GreyFrame } from "../movie/frame.ts";
import type { DriftCurve } from "../render/sum_picture_types.ts";
import type { MoleculeTable } from "../table/molecule_table.ts";
import { element, fill } from "./element.ts";
import { makeSumPicture } from "./engines.ts";
import { FrameView } from "./frame_view.ts";
import { numbers } from "./parts.ts";
import { type Field, PictureView } from "./picture_view.ts";
import { ColumnHistogram, Curve } from "./plots.ts";
import { countText } from "./words.ts";

const PLOTS_EVERY_MS = 700;

/** Picture, frame, curve and histograms of one table. */
export class AnalysisView {
  readonly root: HTMLElement;
  readonly picture: PictureView;
  readonly #frame = new FrameView();
  readonly #perFrame = new Curve("Molecules per frame");
  readonly #photons = new ColumnHistogram("Photons", "");
  readonly #precision = new ColumnHistogram("Precision", "nm");
  readonly #numbers = element("div", { class: "analysis-numbers" });
  readonly #progress: HTMLProgressElement;
  readonly #counts = new FrameCounts();
  readonly #region: Region | null;
  #table: MoleculeTable | null = null;
  #plotsAt = 0;

  /**
   * @param field the part of the sample that the frames show
   * @param region the part of the frames that is localized
   * @param withFrame false where the movie is not at hand any more
   */
  constructor(field: Field, region: Region | null, withFrame: boolean) {
    this.#region = region;
    this.picture = new PictureView(makeSumPicture, field);
    this.#progress = element("progress", { aria: { label: "Frames localized" } });
    this.#progress.hidden = true;
    this.root = element(
      "div",
      { class: "analysis" },
      element("div", { class: "analysis-main" }, this.picture.root),
      element(
        "div",
        { class: "analysis-side" },
        this.#progress,
        this.#numbers,
        this.#perFrame.root,
        element(
          "div",
          { class: "plot-pair" },
          withFrame ? this.#frame.root : null,
          element("div", { class: "plot-stack" }, this.#photons.root, this.#precision.root),
        ),
      ),
    );
  }

  /** Follows a session as it goes on. */
  follow(session: LocalizeSession): void {
    this.#table = session.table;
    session.on("frame", ({ frame, molecules }) => this.#showFrame(frame, molecules));
    session.on("progress", (progress) => this.showProgress(progress));
    session.on("finished", (progress) => {
      this.showProgress(progress);
      this.#showPlots(true);
    });
    session.on("failed", () => this.#showPlots(true));
    this.showProgress(session.progress);
  }

  /** Shows a table that is there already. */
  showTable(table: MoleculeTable, frames: number): void {
    this.#table = table;
    this.#counts.takeTable(table, frames);
    this.picture.show(table);
    this.#showPlots(true);
    this.#progress.hidden = true;
  }

  showNumbers(rows: readonly (readonly [string, string, string?])[]): void {
    fill(this.#numbers, numbers(rows));
  }

  setDrift(drift: DriftCurve | null): void {
    this.picture.setDrift(drift);
  }

  showProgress(progress: SessionProgress): void {
    const { framesDone, framesTotal, framesSkipped, molecules, framesPerS } = progress;
    const rows: (readonly [string, string, string?])[] = [
      ["Frames", countText(framesDone), framesTotal === null ? "" : `of ${countText(framesTotal)}`],
      ["Molecules", countText(molecules)],
      ["Speed", framesPerS > 0 ? framesPerS.toFixed(framesPerS < 10 ? 1 : 0) : "–", "fps"],
    ];
    // In live mode the person is told even that nothing was skipped.
    if (framesTotal === null) rows.push(["Skipped", countText(framesSkipped)]);
    else if (framesPerS > 0 && framesDone < framesTotal) {
      rows.push(["Left", timeText((framesTotal - framesDone) / framesPerS)]);
    }
    this.showNumbers(rows);
    this.#progress.hidden = framesTotal === null || framesDone >= framesTotal;
    if (framesTotal !== null) {
      this.#progress.max = framesTotal;
      this.#progress.value = framesDone;
    }
    if (this.#table !== null) this.picture.show(this.#table);
    this.#showPlots(false);
  }

  end(): void {
    this.picture.end();
    this.#perFrame.end();
    this.#photons.end();
    this.#precision.end();
  }

  #showFrame(frame: GreyFrame, molecules: MoleculeColumns): void {
    this.#counts.add(frame.index, molecules.rows);
    this.#frame.show(frame, molecules, this.#region);
  }

  #showPlots(now: boolean): void {
    const time = performance.now();
    if (!now && time - this.#plotsAt < PLOTS_EVERY_MS) return;
    this.#plotsAt = time;
    const { x, y } = this.#counts.values();
    if (y.length > 0) {
      this.#perFrame.show(
        [{ x, y }],
        [`frame ${countText(x[0] + 1)}`, countText(x[x.length - 1] + 1)],
        `mean ${this.#counts.mean.toFixed(1)}`,
      );
    }
    if (this.#table === null || this.#table.rows === 0) return;
    this.#photons.show(this.#table.column("photons"));
    this.#precision.show(this.#table.column("uncertaintyNm"));
  }
}

/** How many molecules each frame had; grows without copying all the time. */
class FrameCounts {
  #frames = new Float64Array(1024);
  #molecules = new Float64Array(1024);
  #size = 0;
  #sum = 0;

  get mean(): number {
    return this.#size === 0 ? 0 : this.#sum / this.#size;
  }

  add(frame: number, molecules: number): void {
    if (this.#size === this.#frames.length) {
      this.#frames = grown(this.#frames);
      this.#molecules = grown(this.#molecules);
    }
    this.#frames[this.#size] = frame;
    this.#molecules[this.#size] = molecules;
    this.#size += 1;
    this.#sum += molecules;
  }

  takeTable(table: MoleculeTable, frames: number): void {
    const counts = new Float64Array(Math.max(frames, 1));
    for (const frame of table.column("frame")) if (frame < counts.length) counts[frame] += 1;
    this.#size = 0;
    this.#sum = 0;
    counts.forEach((count, frame) => {
      this.add(frame, count);
    });
  }

  values(): { x: Float64Array; y: Float64Array } {
    return {
      x: this.#frames.subarray(0, this.#size),
      y: this.#molecules.subarray(0, this.#size),
    };
  }
}

function grown(values: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(2 * values.length);
  larger.set(values);
  return larger;
}

/** `"12 s"`, `"3 min"` */
export function timeText(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
