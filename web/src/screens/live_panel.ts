/** Localizing while the camera runs: the picture grows beside the recording. */

import type { Camera } from "../camera/camera.ts";
import type { Region } from "../camera/region.ts";
import type { AppError } from "../errors.ts";
import { Emitter } from "../events.ts";
import type { LiveSession } from "../localize/session_types.ts";
import type { LibraryItem } from "../storage/library.ts";
import { preferences } from "../storage/preferences.ts";
import { ResultKeeper } from "../storage/result_keeper.ts";
import { AnalysisView } from "./analysis_view.ts";
import { element, fill } from "./element.ts";
import { localizeLive } from "./engines.ts";
import { fieldOf } from "./localize_screen.ts";
import { automaticMethod, rememberSpeed, usualSettings } from "./localize_settings.ts";
import { notice, segmented } from "./parts.ts";
import { nameNow } from "./words.ts";

/** What it ends with: an item, unless there was nothing to keep. */
interface LiveEnd {
  readonly item: LibraryItem | null;
  readonly error: AppError | null;
}

/** A live session and what one sees of it. */
export class LivePanel extends Emitter<{ ended: LiveEnd }> {
  readonly root: HTMLElement;
  readonly #camera: Camera;
  readonly #session: LiveSession;
  readonly #view: AnalysisView;
  readonly #stopFrames: () => void;
  #ending = false;

  constructor(camera: Camera, region: Region) {
    super();
    this.#camera = camera;
    const format = camera.format;
    const turned = format?.rotation === 90 || format?.rotation === 270;
    // frames come as they are stored
    const width = turned ? region.height : region.width;
    const height = turned ? region.width : region.height;
    const rate = Number(camera.controls.settings().frameRate ?? 30);
    const { method, skipWhenBusy } = preferences.values;
    const chosen = method === "automatic" ? automaticMethod(width * height * rate, 1) : method;
    const range = format !== null && format.range.black > 0 ? "limited" : "full";
    const settings = usualSettings(chosen, null, range);
    this.#session = localizeLive(settings, { skipWhenBusy });
    this.#view = new AnalysisView(fieldOf(null, width, height, settings.pixelSizeNm), null, true);
    const keeper = new ResultKeeper(
      this.#session,
      { name: camera.label, width, height, itemId: null },
      `Live ${nameNow()}`,
    );
    const message = element("div", { class: "stack", aria: { live: "polite" } });
    fill(message, element("p", { class: "hint" }, "Looking at the first frames …"));
    this.root = element(
      "section",
      { class: "live-panel", aria: { label: "Live picture" } },
      this.#view.root,
      message,
      element(
        "div",
        { class: "row spread" },
        element(
          "span",
          { class: "hint" },
          chosen === "net" ? "Network" : "Classical fit, the quick method",
        ),
        segmented<"skip" | "all">(
          "When the device is too slow",
          [
            ["skip", "Skip frames"],
            ["all", "Keep all"],
          ],
          skipWhenBusy ? "skip" : "all",
          (value) => preferences.set({ skipWhenBusy: value === "skip" }),
        ),
      ),
      element(
        "p",
        { class: "hint" },
        "Skipping concerns this picture alone, never the recording. A change holds from the next start.",
      ),
    );
    this.#view.follow(this.#session);
    this.#session.on("prepared", ({ notices }) =>
      fill(message, ...notices.map((words) => notice("plain", words))),
    );
    let fastest = 0;
    this.#session.on("progress", ({ framesPerS, framesSkipped }) => {
      // Only a device that is at its limit shows how fast it is.
      if (framesSkipped > 0) fastest = Math.max(fastest, framesPerS);
    });
    const finish = async (complete: boolean, error: AppError | null): Promise<void> => {
      this.#stopFeeding();
      rememberSpeed(chosen, fastest * width * height);
      let item: LibraryItem | null = null;
      try {
        item =
          this.#session.table.rows === 0
            ? null
            : await keeper.finish(complete, await this.#view.picture.thumbnail());
        this.emit("ended", { item, error: error?.kind === "cancelled" ? null : error });
      } catch (problem) {
        this.emit("ended", { item, error: problem as AppError });
      }
      this.#view.end();
    };
    this.#session.on("finished", () => void finish(true, null));
    this.#session.on("failed", ({ error }) => void finish(false, error));
    this.#stopFrames = camera.on("frame", (frame) => this.#session.push(frame));
    camera.live(true);
  }

  /** No more frames; those that wait are still localized, then it is kept. */
  stop(): void {
    if (this.#ending) return;
    this.#stopFeeding();
    this.#session.end();
  }

  #stopFeeding(): void {
    this.#ending = true;
    this.#stopFrames();
    this.#camera.live(false);
  }
}
