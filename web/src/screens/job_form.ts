/** What a job on the workstation is to do: method, pixel, camera. */

import { preferences } from "../storage/preferences.ts";
import type { JobCamera, KnownCamera, Workstation } from "../workstation/workstation.ts";
import { element, fill } from "./element.ts";
import { CAMERA_WORDS } from "./localize_settings.ts";
import { segmented } from "./parts.ts";

const ESTIMATED = "estimated";

// Several forms can be on one page.
let made = 0;

/** The form; what is chosen is remembered and taken for every job from now on. */
export class JobForm {
  readonly root: HTMLElement;
  readonly #camera = element("select", {});
  readonly #hint = element("p", { class: "hint" });
  #known: readonly KnownCamera[] = [];

  constructor(workstation: Workstation) {
    made += 1;
    const { method, pixelSizeNm } = preferences.values;
    this.#camera.id = `job-camera-${made}`;
    this.#camera.addEventListener("change", () => this.#choose(this.#camera.value));
    const pixelSize = element("input", {
      type: "number",
      id: `job-pixel-${made}`,
      min: "1",
      max: "10000",
      step: "any",
      value: String(pixelSizeNm),
      inputmode: "decimal",
    });
    pixelSize.addEventListener("change", () => {
      if (pixelSize.valueAsNumber > 0) preferences.set({ pixelSizeNm: pixelSize.valueAsNumber });
      else pixelSize.value = String(preferences.values.pixelSizeNm);
    });
    this.root = element(
      "div",
      { class: "job-form" },
      element(
        "div",
        { class: "field" },
        element("span", { class: "label" }, "Method"),
        segmented<"net" | "gaussian">(
          "Method",
          [
            ["net", "Network"],
            ["gaussian", "Classical"],
          ],
          method === "gaussian" ? "gaussian" : "net",
          (value) => preferences.set({ method: value }),
        ),
      ),
      element(
        "div",
        { class: "field" },
        element("label", { for: pixelSize.id }, "Pixel in the sample"),
        element("div", { class: "with-unit" }, pixelSize, "nm"),
      ),
      element(
        "div",
        { class: "field" },
        element("label", { for: this.#camera.id }, "Camera"),
        this.#camera,
        this.#hint,
      ),
    );
    this.#show();
    workstation
      .cameras()
      .then((known) => {
        this.#known = known;
        this.#show();
      })
      // Who is not there yet knows no cameras; sending says so.
      .catch(() => undefined);
  }

  /** Draws the choices anew: another part of the page has chosen. */
  refresh(): void {
    this.#show();
  }

  #show(): void {
    const { jobCamera } = preferences.values;
    const choices: [string, string][] = [[ESTIMATED, "Estimated from each movie"]];
    for (const { name, camera } of this.#known) {
      choices.push([JSON.stringify(camera), wordsOf(name, camera)]);
    }
    const chosen = jobCamera === null ? ESTIMATED : JSON.stringify(jobCamera.camera);
    if (jobCamera !== null && !choices.some(([value]) => value === chosen)) {
      choices.push([chosen, wordsOf(jobCamera.name, jobCamera.camera)]);
    }
    fill(this.#camera, ...choices.map(([value, words]) => element("option", { value }, words)));
    this.#camera.value = chosen;
    this.#explain();
  }

  #choose(value: string): void {
    if (value === ESTIMATED) preferences.set({ jobCamera: null });
    else {
      const camera = JSON.parse(value) as JobCamera;
      const name = this.#known.find((known) => JSON.stringify(known.camera) === value)?.name;
      preferences.set({ jobCamera: { name: name ?? String(camera), camera } });
    }
    this.#explain();
  }

  #explain(): void {
    const { jobCamera } = preferences.values;
    this.#hint.textContent =
      jobCamera === null
        ? "Photon numbers are rougher than with a calibrated camera."
        : typeof jobCamera.camera === "string"
          ? "Usual values of such a camera; a calibration is more certain."
          : "Measured. It holds for the exposure and ISO of its clips.";
  }
}

function wordsOf(name: string, camera: JobCamera): string {
  if (typeof camera === "string") return CAMERA_WORDS[camera] ?? name;
  return "job" in camera ? `Calibrated: ${name}` : `File: ${name}`;
}
