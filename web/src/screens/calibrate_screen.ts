/** Calibrate: two short clips that tell what a grey value of this camera means, step by step. */

import { Camera } from "../camera/camera.ts";
import type { ExposureStatistics, GreyRange } from "../camera/exposure_statistics.ts";
import { ControlPanel } from "../record/control_panel.ts";
import { RecordingSession } from "../record/recording_session.ts";
import { type LibraryItem, library } from "../storage/library.ts";
import { preferences } from "../storage/preferences.ts";
import { calibrationCard } from "./calibration_card.ts";
import { element, fill } from "./element.ts";
import { icon } from "./icons.ts";
import { attempt, button, errorNotice, notice, type Screen } from "./parts.ts";
import { GreyHistogram } from "./plots.ts";
import { RegionView } from "./region_view.ts";
import { nameNow } from "./words.ts";

const DARK_FRAMES = 300;
const STILL_FRAMES = 150;
// The dark clip's mean has to be within so many grey values of black.
const DARK_ENOUGH_GREY = 16;
// The still clip needs pixels from dark to bright: grey values between its extremes.
const LEAST_SPREAD_GREY = 90;

type Step = "settings" | "dark" | "still" | "done";

interface Advice {
  readonly good: boolean;
  readonly words: string;
}

/** Whether what the camera sees is right for a dark clip. */
export function darkAdvice(statistics: ExposureStatistics, range: GreyRange): Advice {
  const above = statistics.meanGrey - range.black;
  return above < DARK_ENOUGH_GREY
    ? { good: true, words: "Dark enough. Hold still." }
    : { good: false, words: "Still too bright: cover the lens completely." };
}

/** Whether what the camera sees is right for the still clip. */
export function stillAdvice(statistics: ExposureStatistics, range: GreyRange): Advice {
  const low = quantile(statistics.histogram, 0.02);
  const high = quantile(statistics.histogram, 0.98);
  if (statistics.saturatedShare > 0.02) {
    return { good: false, words: "Parts are saturated: dim the lamp or shorten the exposure." };
  }
  if (high - range.black < LEAST_SPREAD_GREY) {
    return { good: false, words: "Too dark: turn the lamp up." };
  }
  if (high - low < LEAST_SPREAD_GREY) {
    return {
      good: false,
      words: "Too even: bring an edge into view, so that it goes from dark to bright.",
    };
  }
  return { good: true, words: "From dark to bright: good. Keep everything still." };
}

class CalibrateScreen implements Screen {
  readonly title = "Calibrate";
  readonly root: HTMLElement;
  readonly #body = element("div", { class: "stack" });
  readonly #steps: HTMLElement;
  readonly #regionView = new RegionView();
  readonly #histogram = new GreyHistogram();
  readonly #advice = element("p", { class: "advice", aria: { live: "polite" } });
  readonly #clips: { dark: LibraryItem | null; still: LibraryItem | null } = {
    dark: null,
    still: null,
  };
  #camera: Camera | null = null;
  #panel: ControlPanel | null = null;
  #step: Step = "settings";
  #session: RecordingSession | null = null;
  #left = false;
  readonly #ends: (() => void)[] = [];

  constructor() {
    this.#steps = element("ol", { class: "steps" });
    this.root = element(
      "div",
      { class: "screen narrow" },
      element(
        "div",
        { class: "screen-head" },
        element(
          "a",
          { class: "button quiet icon-only", href: "#/record", title: "Record" },
          icon("back"),
          element("span", { class: "visually-hidden" }, "Back to recording"),
        ),
        element("h1", {}, "Calibrate"),
      ),
      element(
        "p",
        { class: "lead" },
        "Two short clips tell what a grey value of this phone means in photons. Do it once for each exposure and ISO.",
      ),
      this.#steps,
      this.#body,
    );
    attempt(() => this.#open());
  }

  leave(): void {
    this.#left = true;
    for (const end of this.#ends) end();
    this.#session?.stop();
    this.#panel?.end();
    this.#camera?.close();
    this.#histogram.end();
    this.#regionView.end();
  }

  async #open(): Promise<void> {
    try {
      const camera = await Camera.open(preferences.values.cameraId, preferences.values.region);
      if (this.#left) {
        camera.close();
        return;
      }
      this.#camera = camera;
      this.#panel = new ControlPanel(camera.controls);
      camera.on("preview", (preview) => {
        const format = camera.format;
        if (format === null) return;
        this.#regionView.show(preview.luma, preview.region, format.rotation);
        this.#histogram.show(preview.statistics, format.range);
        const advice =
          this.#step === "dark"
            ? darkAdvice(preview.statistics, format.range)
            : this.#step === "still"
              ? stillAdvice(preview.statistics, format.range)
              : null;
        if (advice === null) return;
        if (this.#advice.textContent !== advice.words) this.#advice.textContent = advice.words;
        this.#advice.classList.toggle("good", advice.good);
      });
      this.#show();
    } catch (error) {
      fill(
        this.#body,
        errorNotice(error, [
          button("Try again", { kind: "primary", press: () => attempt(() => this.#open()) }),
        ]),
      );
    }
  }

  #show(): void {
    const names: [Step, string][] = [
      ["settings", "Settings"],
      ["dark", "Dark clip"],
      ["still", "Still clip"],
      ["done", "Use it"],
    ];
    const now = names.findIndex(([step]) => step === this.#step);
    fill(
      this.#steps,
      ...names.map(([, words], at) => {
        const step = element("li", { class: at < now ? "past" : "" }, words);
        if (at === now) step.setAttribute("aria-current", "step");
        return step;
      }),
    );
    const view = element(
      "div",
      { class: "calibrate-view" },
      this.#regionView.root,
      element("div", { class: "region-facts" }, this.#histogram.root, this.#advice),
    );
    this.#advice.textContent = "";
    if (this.#step === "settings") {
      fill(
        this.#body,
        element("h2", {}, "1. Set the camera as for your movies"),
        element(
          "p",
          {},
          "Same exposure, ISO, focus and frame rate: the calibration holds for these. Set exposure and ISO by hand, automatic ones change by themselves.",
        ),
        this.#panel?.root ?? null,
        view,
        button("They are set", {
          icon: "next",
          kind: "primary big wide",
          press: () => this.#go("dark"),
        }),
      );
    } else if (this.#step === "dark") {
      fill(
        this.#body,
        element("h2", {}, "2. Cover the lens"),
        element(
          "p",
          {},
          `Take the phone off the eyepiece and lay it on its back camera, or cover the lens. ${DARK_FRAMES} frames, ten seconds.`,
        ),
        view,
        this.#recordButton("dark", "Record the dark clip", DARK_FRAMES),
      );
    } else if (this.#step === "still") {
      fill(
        this.#body,
        element("h2", {}, "3. Something still, from dark to bright"),
        element(
          "p",
          {},
          `Lamp on, out of focus, the edge of the field stop across the frame. Nothing may move. ${STILL_FRAMES} frames, five seconds.`,
        ),
        view,
        this.#recordButton("still", "Record the still clip", STILL_FRAMES),
      );
    } else {
      const { dark, still } = this.#clips;
      fill(
        this.#body,
        notice("good", "Both clips are in the library."),
        element("h2", {}, "4. Have the camera measured"),
        still === null ? null : calibrationCard(still, this.#ends),
        element(
          "details",
          {},
          element("summary", {}, "Or on the computer, by hand"),
          element("p", { class: "hint" }, "Save both clips, then run:"),
          element(
            "pre",
            { class: "command" },
            "cellstorm calibrate still.webm --dark dark.webm -o camera.yaml",
          ),
          element(
            "p",
            { class: "hint" },
            "It writes camera.yaml for “cellstorm localize --camera camera.yaml” and a page with what it measured.",
          ),
        ),
        element(
          "div",
          { class: "row even" },
          dark === null
            ? null
            : element("a", { class: "button", href: `#/item/${dark.id}` }, "Dark clip"),
          still === null
            ? null
            : element("a", { class: "button", href: `#/item/${still.id}` }, "Still clip"),
        ),
        element("a", { class: "button wide", href: "#/record" }, "Record molecules"),
      );
    }
  }

  #go(step: Step): void {
    this.#step = step;
    this.#show();
    this.root.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }

  #recordButton(which: "dark" | "still", words: string, frames: number): HTMLElement {
    const place = element("div", { class: "stack" });
    const start = button(words, {
      icon: "camera",
      kind: "primary big wide",
      press: () => attempt(() => this.#record(which, frames, place)),
    });
    fill(place, start);
    return place;
  }

  async #record(which: "dark" | "still", frames: number, place: HTMLElement): Promise<void> {
    const camera = this.#camera;
    if (camera === null || this.#session !== null) return;
    const bar = element("progress", { max: String(frames), aria: { label: "Frames" } });
    bar.value = 0;
    fill(place, bar, element("p", { class: "hint", role: "status" }, "Recording. Keep still …"));
    const kind = which === "dark" ? "dark" : "flat";
    const name = `${which === "dark" ? "Dark" : "Still"} ${nameNow()}`;
    const session = await RecordingSession.start(camera, kind, name, frames);
    this.#session = session;
    session.on("progress", (progress) => {
      bar.value = progress.frames;
    });
    session.on("finished", ({ item, notices }) => {
      this.#session = null;
      this.#clips[which] = item;
      const { dark, still } = this.#clips;
      if (still !== null && dark !== null) {
        // so that the two find each other later
        still.facts = { ...still.facts, dark: dark.id };
        void library.save(still).catch(() => undefined);
      }
      void this.#regionView
        .picture()
        .then((picture) => library.setThumbnail(item.id, picture))
        .catch(() => undefined);
      if (this.#left) return;
      this.#go(which === "dark" ? "still" : "done");
      for (const words of notices) this.#body.prepend(notice("warn", words));
    });
    session.on("failed", (error) => {
      this.#session = null;
      if (!this.#left)
        fill(place, errorNotice(error, [button("Try again", { press: () => this.#show() })]));
    });
  }
}

function quantile(histogram: ArrayLike<number>, share: number): number {
  let total = 0;
  for (let grey = 0; grey < histogram.length; grey += 1) total += histogram[grey];
  let sum = 0;
  for (let grey = 0; grey < histogram.length; grey += 1) {
    sum += histogram[grey];
    if (sum >= share * total) return grey;
  }
  return histogram.length - 1;
}

export function calibrateScreen(): Screen {
  return new CalibrateScreen();
}
