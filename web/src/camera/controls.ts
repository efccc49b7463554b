/** What a camera lets a page set, each with its unit; set together and read back. */

import { Emitter } from "../events.ts";

/** Names of the settings a page may get (Media Capture and Streams, Image Capture). */
export type ControlName =
  | "exposureTime"
  | "iso"
  | "exposureCompensation"
  | "focusDistance"
  | "colorTemperature"
  | "zoom"
  | "torch"
  | "frameRate";

/** A control as this camera offers it. */
export interface Control {
  readonly name: ControlName;
  readonly label: string;
  /** unit of the numbers a person sees */
  readonly unit: string;
  /** person's number = camera's number x this */
  readonly scale: number;
  readonly least: number;
  readonly most: number;
  readonly step: number;
  /** the mode that has to be manual first, if any */
  readonly mode: ModeName | null;
  readonly kind: "number" | "switch";
  /** on a logarithmic scale a slider gives each stop the same way */
  readonly logarithmic: boolean;
}

type ModeName = "exposureMode" | "focusMode" | "whiteBalanceMode";

/** What the camera says a control is at. */
export interface ControlState {
  /** in the camera's units; null: the camera does not say */
  readonly value: number | boolean | null;
  readonly automatic: boolean;
  /** the value that was asked for and not given, or null */
  readonly refused: number | boolean | null;
}

interface Range {
  min?: number;
  max?: number;
  step?: number;
}

interface Description {
  name: ControlName;
  label: string;
  unit: string;
  scale: number;
  mode: ModeName | null;
  logarithmic: boolean;
  defaultStep: number;
}

// Exposure times come in units of 100 us (Image Capture, 5.1).
const DESCRIPTIONS: readonly Description[] = [
  {
    name: "exposureTime",
    label: "Exposure",
    unit: "ms",
    scale: 0.1,
    mode: "exposureMode",
    logarithmic: true,
    defaultStep: 1,
  },
  {
    name: "iso",
    label: "ISO",
    unit: "",
    scale: 1,
    mode: "exposureMode",
    logarithmic: true,
    defaultStep: 1,
  },
  {
    name: "exposureCompensation",
    label: "Brightness",
    unit: "EV",
    scale: 1,
    mode: null,
    logarithmic: false,
    defaultStep: 0.1,
  },
  {
    name: "focusDistance",
    label: "Focus",
    unit: "m",
    scale: 1,
    mode: "focusMode",
    logarithmic: true,
    defaultStep: 0.01,
  },
  {
    name: "colorTemperature",
    label: "White",
    unit: "K",
    scale: 1,
    mode: "whiteBalanceMode",
    logarithmic: false,
    defaultStep: 50,
  },
  {
    name: "zoom",
    label: "Zoom",
    unit: "×",
    scale: 1,
    mode: null,
    logarithmic: true,
    defaultStep: 0.1,
  },
  {
    name: "frameRate",
    label: "Rate",
    unit: "fps",
    scale: 1,
    mode: null,
    logarithmic: false,
    defaultStep: 1,
  },
];

/** The controls that `capabilities` offer, in the order a microscopist wants them. */
export function offeredControls(capabilities: Record<string, unknown>): Control[] {
  const controls: Control[] = [];
  for (const { defaultStep, ...description } of DESCRIPTIONS) {
    const range = capabilities[description.name] as Range | undefined;
    if (range === undefined || typeof range !== "object") continue;
    const { min, max } = range;
    if (min === undefined || max === undefined || !(max > min)) continue;
    const modes = description.mode === null ? null : capabilities[description.mode];
    if (Array.isArray(modes) && !modes.includes("manual")) continue;
    const step = range.step !== undefined && range.step > 0 ? range.step : defaultStep;
    const least = description.name === "frameRate" ? Math.max(min, 1) : min;
    controls.push({
      ...description,
      least,
      most: max,
      step,
      kind: "number",
      logarithmic: description.logarithmic && least > 0 && max / least > 4,
    });
  }
  if (capabilities.torch === true) {
    controls.push({
      name: "torch",
      label: "Torch",
      unit: "",
      scale: 1,
      least: 0,
      most: 1,
      step: 1,
      mode: null,
      kind: "switch",
      logarithmic: false,
    });
  }
  return controls;
}

/** A number in the camera's units as a person reads it: `"8.3 ms"`, `"auto"`. */
export function controlText(control: Control, value: number | boolean | null): string {
  if (value === null) return "–";
  if (typeof value === "boolean") return value ? "on" : "off";
  const shown = value * control.scale;
  const step = control.step * control.scale;
  const digits = step >= 1 || Math.abs(shown) >= 100 ? 0 : Math.abs(shown) >= 10 ? 1 : 2;
  const text = Number(shown.toFixed(digits));
  return control.unit === "" ? `${text}` : `${text} ${control.unit}`;
}

/**
 * The settings of one camera.
 *
 * Every `applyConstraints` replaces the whole set, so all that was asked for is sent each
 * time; what the camera really took is read back and shown.
 */
export class CameraControls extends Emitter<{ change: undefined }> {
  readonly controls: readonly Control[];
  readonly #track: MediaStreamTrack;
  readonly #base: MediaTrackConstraints;
  readonly #wanted = new Map<ControlName, number | boolean>();
  #latest: Promise<void> = Promise.resolve();

  constructor(track: MediaStreamTrack, base: MediaTrackConstraints) {
    super();
    this.#track = track;
    this.#base = base;
    // Firefox has no getCapabilities for video.
    const capabilities = track.getCapabilities?.() ?? {};
    this.controls = offeredControls(capabilities as Record<string, unknown>);
  }

  /** What the camera is really at. */
  state(control: Control): ControlState {
    const settings = this.#track.getSettings() as Record<string, unknown>;
    const raw = settings[control.name];
    const value = typeof raw === "number" || typeof raw === "boolean" ? raw : null;
    const wanted = this.#wanted.get(control.name);
    const mode = control.mode === null ? undefined : settings[control.mode];
    const refused =
      wanted !== undefined && value !== null && !alike(wanted, value, control) ? wanted : null;
    return {
      value,
      automatic: control.mode === null ? false : mode !== "manual" && wanted === undefined,
      refused,
    };
  }

  /** Whether a control can go back to automatic. */
  hasAutomatic(control: Control): boolean {
    if (control.mode === null) return false;
    const capabilities = (this.#track.getCapabilities?.() ?? {}) as Record<string, unknown>;
    const modes = capabilities[control.mode];
    return Array.isArray(modes) && modes.includes("continuous");
  }

  /** Asks for a value in the camera's units; null gives the control back to the camera. */
  async set(control: Control, value: number | boolean | null): Promise<void> {
    if (value === null) {
      for (const other of this.controls) {
        // Exposure time and ISO share one mode: both become automatic together.
        if (other.mode === control.mode && control.mode !== null) this.#wanted.delete(other.name);
      }
      this.#wanted.delete(control.name);
    } else {
      this.#wanted.set(control.name, value);
    }
    this.#latest = this.#latest.then(() => this.#apply());
    await this.#latest;
    this.emit("change", undefined);
  }

  /** All settings as the camera reports them, for the recording's facts. */
  settings(): Record<string, unknown> {
    return { ...(this.#track.getSettings() as Record<string, unknown>) };
  }

  async #apply(): Promise<void> {
    const capture: Record<string, unknown> = {};
    let frameRate: number | undefined;
    for (const control of this.controls) {
      const value = this.#wanted.get(control.name);
      if (control.mode !== null && this.hasAutomatic(control)) {
        capture[control.mode] ??= "continuous";
      }
      if (value === undefined) continue;
      if (control.name === "frameRate") {
        frameRate = Number(value);
        continue;
      }
      if (control.mode !== null) capture[control.mode] = "manual";
      capture[control.name] = value;
    }
    const plain: MediaTrackConstraints = {
      ...this.#base,
      ...(frameRate === undefined ? {} : { frameRate: { ideal: frameRate } }),
    };
    const advanced = Object.keys(capture).length > 0 ? [capture as MediaTrackConstraintSet] : [];
    try {
      await this.#track.applyConstraints({ ...plain, advanced });
    } catch {
      // Some versions refuse picture and camera settings in one call: one after the other then.
      try {
        if (frameRate !== undefined) await this.#track.applyConstraints(plain);
        if (advanced.length > 0) await this.#track.applyConstraints({ advanced });
      } catch {
        // What was not taken shows in `state`: the value read back is not the one asked for.
      }
    }
  }
}

function alike(wanted: number | boolean, value: number | boolean, control: Control): boolean {
  if (typeof wanted === "boolean" || typeof value === "boolean") return wanted === value;
  return Math.abs(wanted - value) <= Math.max(0.51 * control.step, 0.02 * Math.abs(wanted));
}
