/** What the person chose last, kept from visit to visit. */

import type { Region } from "../camera/region.ts";
import { Emitter } from "../events.ts";
import type { ColourMap, RenderMode } from "../render/sum_picture_types.ts";
import type { JobCamera } from "../workstation/workstation.ts";

/** Everything that is remembered. */
export interface Preferences {
  theme: "system" | "light" | "dark";
  /** size of a pixel in the sample, nm */
  pixelSizeNm: number;
  /** name of a camera's description */
  camera: string;
  method: "automatic" | "gaussian" | "net";
  colourMap: ColourMap;
  renderMode: RenderMode;
  /** live: leave frames out when the device is too slow */
  skipWhenBusy: boolean;
  /** record exactly where the device can */
  lossless: boolean;
  cameraId: string | null;
  region: Region | null;
  /** brighten the view of the region on the screen (never the recording) */
  stretch: boolean;
  /** the camera of jobs on the workstation; null: estimated from each movie */
  jobCamera: { readonly name: string; readonly camera: JobCamera } | null;
  /** address of a workstation other than the one this page comes from */
  workstation: string;
  token: string;
}

const KEY = "cellstorm-preferences";

const DEFAULTS: Preferences = {
  theme: "system",
  pixelSizeNm: 100,
  camera: "generic-phone",
  method: "automatic",
  colourMap: "hot",
  renderMode: "gaussian",
  skipWhenBusy: true,
  lossless: true,
  cameraId: null,
  region: null,
  stretch: true,
  jobCamera: null,
  workstation: "",
  token: "",
};

class PreferenceStore extends Emitter<{ change: Preferences }> {
  #values: Preferences;

  constructor() {
    super();
    this.#values = { ...DEFAULTS, ...stored() };
  }

  get values(): Readonly<Preferences> {
    return this.#values;
  }

  set(changes: Partial<Preferences>): void {
    this.#values = { ...this.#values, ...changes };
    try {
      localStorage.setItem(KEY, JSON.stringify(this.#values));
    } catch {
      // A private window may refuse; the choice then lasts as long as the page.
    }
    this.emit("change", this.#values);
  }
}

function stored(): Partial<Preferences> {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Preferences>;
  } catch {
    return {};
  }
}

/** The preferences of this browser. */
export const preferences = new PreferenceStore();
