/** What a person chooses before localizing, and how long it will take. */

import type { CameraModel } from "../localize/camera_model.ts";
import { CAMERA_PRESETS } from "../localize/camera_presets.ts";
import type { Region } from "../localize/localizer.ts";
import type { SessionSettings } from "../localize/session_types.ts";
import { preferences } from "../storage/preferences.ts";
import { element } from "./element.ts";
import { segmented } from "./parts.ts";

export type Method = "gaussian" | "net";

/** What the known cameras are called. */
export const CAMERA_WORDS: Record<string, string> = {
  "generic-phone": "A phone at high ISO",
  "huawei-p9": "Huawei P9, monochrome, ISO 3200",
  "ixon-897": "Andor iXon 897 (EMCCD)",
  scmos: "sCMOS (ORCA-Flash4)",
};

// First guesses, pixels per second, until this device has measured its own.
const USUAL_SPEED: Record<Method, number> = { gaussian: 1.5e7, net: 4e5 };
const SPEED_KEY = "cellstorm-speed";
// A file that takes the network longer than this is given to the classical localizer.
const PATIENCE_S = 900;

/** Pixels per second that this device did last. */
export function knownSpeed(method: Method): number {
  try {
    const stored = JSON.parse(localStorage.getItem(SPEED_KEY) ?? "{}") as Record<string, number>;
    return stored[method] ?? USUAL_SPEED[method];
  } catch {
    return USUAL_SPEED[method];
  }
}

/** Remembers what was measured. */
export function rememberSpeed(method: Method, pixelsPerS: number): void {
  if (!(pixelsPerS > 0)) return;
  try {
    const stored = JSON.parse(localStorage.getItem(SPEED_KEY) ?? "{}") as Record<string, number>;
    localStorage.setItem(SPEED_KEY, JSON.stringify({ ...stored, [method]: pixelsPerS }));
  } catch {
    // Without a memory the usual speed is taken.
  }
}

/** The method for so many pixels: the network if there is time for it. */
export function automaticMethod(pixels: number, seconds: number | null): Method {
  const needed = pixels / knownSpeed("net");
  return needed <= (seconds ?? PATIENCE_S) ? "net" : "gaussian";
}

/** The settings that the person chose last; what was left open is decided from the frames. */
export function usualSettings(
  method: Method,
  region: Region | null,
  valueRange: "full" | "limited",
): SessionSettings {
  const { camera: name, pixelSizeNm } = preferences.values;
  const preset = CAMERA_PRESETS.find((known) => known.name === name) ?? CAMERA_PRESETS[0];
  const camera: CameraModel = preset.bitDepth === 8 ? { ...preset, valueRange } : preset;
  return {
    method,
    camera,
    pixelSizeNm,
    region,
    workers: null,
    leastSnr: null,
    sigmaPx: null,
    leastMass: null,
    model: null,
  };
}

/** The form; `settings` reads it. */
export class LocalizeSettings {
  readonly root: HTMLElement;
  readonly #pixelSize: HTMLInputElement;
  readonly #camera: HTMLSelectElement;
  readonly #leastSnr: HTMLInputElement;
  readonly #sigma: HTMLInputElement;
  readonly #leastMass: HTMLInputElement;
  readonly #methodHint = element("p", { class: "hint" });
  readonly #changed: () => void;

  /** @param changed is told after every change */
  constructor(changed: () => void) {
    this.#changed = changed;
    const { pixelSizeNm, camera, method } = preferences.values;
    this.#pixelSize = element("input", {
      type: "number",
      id: "pixel-size",
      min: "1",
      max: "10000",
      step: "any",
      value: String(pixelSizeNm),
      inputmode: "decimal",
    });
    this.#pixelSize.addEventListener("change", () => {
      if (this.#pixelSize.valueAsNumber > 0) {
        preferences.set({ pixelSizeNm: this.#pixelSize.valueAsNumber });
      }
      changed();
    });
    this.#camera = element(
      "select",
      { id: "camera-model" },
      ...CAMERA_PRESETS.map(({ name }) =>
        element("option", { value: name }, CAMERA_WORDS[name] ?? name),
      ),
    );
    this.#camera.value = camera;
    this.#camera.addEventListener("change", () => {
      preferences.set({ camera: this.#camera.value });
      changed();
    });
    const number = (id: string, placeholder: string, step: string): HTMLInputElement => {
      const input = element("input", {
        type: "number",
        id,
        placeholder,
        step,
        min: "0",
        inputmode: "decimal",
      });
      input.addEventListener("change", changed);
      return input;
    };
    this.#leastSnr = number("least-snr", "decided from the movie", "any");
    this.#sigma = number("sigma-px", "measured in the movie", "any");
    this.#leastMass = number("least-mass", "decided from the movie", "any");
    this.root = element(
      "div",
      { class: "stack" },
      element(
        "div",
        { class: "field" },
        element("span", { class: "label", id: "method-label" }, "Method"),
        segmented(
          "Method",
          [
            ["automatic", "Automatic"],
            ["net", "Network"],
            ["gaussian", "Classical"],
          ],
          method,
          (value) => {
            preferences.set({ method: value });
            changed();
          },
        ),
        this.#methodHint,
      ),
      element(
        "div",
        { class: "field-pair" },
        element(
          "div",
          { class: "field" },
          element("label", { for: "pixel-size" }, "Pixel in the sample"),
          element("div", { class: "with-unit" }, this.#pixelSize, "nm"),
        ),
        element(
          "div",
          { class: "field" },
          element("label", { for: "camera-model" }, "Camera"),
          this.#camera,
        ),
      ),
      element(
        "details",
        {},
        element("summary", {}, "More"),
        element(
          "div",
          { class: "stack" },
          element(
            "p",
            { class: "hint" },
            "Left empty, each is found by itself. What was found is shown with the result.",
          ),
          field("least-snr", "Classical: least signal to noise", this.#leastSnr, ""),
          field("sigma-px", "Classical: width of the spots (σ)", this.#sigma, "px"),
          field("least-mass", "Network: least probability (0 to 1)", this.#leastMass, ""),
        ),
      ),
    );
  }

  /**
   * Says what the chosen method means for such a movie, and how long it takes.
   *
   * @param pixels of all frames to be localized; null: live
   * @param perSecond pixels that come each second, live
   */
  describe(pixels: number | null, perSecond: number): Method {
    const { method } = preferences.values;
    const chosen =
      method === "automatic"
        ? pixels === null
          ? automaticMethod(perSecond, 1)
          : automaticMethod(pixels, null)
        : method;
    const name = chosen === "net" ? "Network" : "Classical fit";
    const why =
      chosen === "net"
        ? "finds most molecules, slower, 3 MB once"
        : "a Gaussian fit of all molecules of a frame, quick";
    const time = pixels === null ? "" : `, about ${roughTime(pixels / knownSpeed(chosen))}`;
    this.#methodHint.textContent = `${method === "automatic" ? "Takes the " : ""}${
      method === "automatic" ? name.toLowerCase() : name
    }: ${why}${time}.`;
    return chosen;
  }

  /** Everything the engine needs. */
  settings(method: Method, region: Region | null, valueRange: "full" | "limited"): SessionSettings {
    return {
      ...usualSettings(method, region, valueRange),
      pixelSizeNm: Math.max(this.#pixelSize.valueAsNumber || preferences.values.pixelSizeNm, 1),
      leastSnr: numberOrNull(this.#leastSnr),
      sigmaPx: numberOrNull(this.#sigma),
      leastMass: numberOrNull(this.#leastMass),
    };
  }

  /** Takes the pixel size that a file names. */
  suggestPixelSize(pixelSizeNm: number): void {
    this.#pixelSize.value = String(Number(pixelSizeNm.toPrecision(6)));
    this.#changed();
  }
}

function field(id: string, label: string, input: HTMLElement, unit: string): HTMLElement {
  return element(
    "div",
    { class: "field" },
    element("label", { for: id }, label),
    element("div", { class: "with-unit" }, input, unit || null),
  );
}

function numberOrNull(input: HTMLInputElement): number | null {
  return Number.isFinite(input.valueAsNumber) ? input.valueAsNumber : null;
}

function roughTime(seconds: number): string {
  if (seconds < 2) return "a second";
  if (seconds < 60) return `${Number(seconds.toPrecision(1))} s`;
  if (seconds < 5400) return `${Math.max(1, Math.round(seconds / 60))} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
