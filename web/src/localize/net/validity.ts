import type { CameraModel } from "../camera_model.ts";

/** What a sample tells of a recording. */
export interface Measured {
  /** Most frequent width of bright molecules, px. */
  readonly sigmaPx: number | null;
  /** Median light of the molecules, photons. */
  readonly photons: number | null;
  readonly moleculesPerPxFrame: number;
  readonly camera: CameraModel;
}

// only what lies outside by more than this is worth a word, as in Python's `validity`
const WIDTH_SLACK = 1.08;
const LIGHT_SLACK = 1.5;
const CAMERA_SLACK = 1.25;
const SHARE_FOUND = 0.8;

/** A sentence for each condition of a recording that a network was not trained for. */
export function outsideConditions(
  { sigmaPx, photons, moleculesPerPxFrame, camera }: Measured,
  conditions: Readonly<Record<string, unknown>>,
): string[] {
  const notices: string[] = [];
  const excess = camera.excessNoiseFactor;
  const widths = range(conditions, "sigma_px");
  if (sigmaPx !== null && widths !== null) {
    if (sigmaPx > widths[1] * WIDTH_SLACK || sigmaPx < widths[0] / WIDTH_SLACK) {
      notices.push(
        `Spots are ${sigmaPx.toFixed(2)} px wide (standard deviation) and ${trained(widths, "px")}:` +
          " use the classical method, or record with other pixels.",
      );
    }
  }
  const light = range(conditions, "photons", excess);
  if (photons !== null && light !== null) {
    if (photons < light[0] / LIGHT_SLACK || photons > light[1] * LIGHT_SLACK) {
      notices.push(
        `Molecules have ${photons.toFixed(0)} photons (median) and ${trained(light, "photons")}:` +
          " check the camera, or use the classical method.",
      );
    }
  }
  const density = range(conditions, "density_per_um2_frame");
  if (density !== null) {
    const edgeUm = Number(conditions.pixel_size_nm ?? 100.0) / 1000.0;
    const most = density[1] * edgeUm ** 2;
    if (moleculesPerPxFrame > SHARE_FOUND * most) {
      notices.push(
        `${number(1000 * moleculesPerPxFrame)} molecules were found per 1000 pixels and frame,` +
          ` which takes more than the ${number(1000 * most)} that the network was trained for:` +
          " record with fewer molecules on at a time.",
      );
    }
  }
  const gain = range(conditions, "gain_e_per_adu", excess);
  if (gain !== null && camera.gainEPerAdu > gain[1] * CAMERA_SLACK) {
    notices.push(
      `A grey value is ${number(camera.gainEPerAdu)} photoelectrons and` +
        ` ${trained(gain, "photoelectrons")}: check the camera, or use the classical method.`,
    );
  }
  const noise = range(conditions, "read_noise_e", excess);
  if (noise !== null && camera.readNoiseE > noise[1] * CAMERA_SLACK) {
    notices.push(
      `The read noise is ${number(camera.readNoiseE)} photoelectrons and` +
        ` ${trained(noise, "photoelectrons")}: check the camera, or use the classical method.`,
    );
  }
  return notices;
}

function range(
  conditions: Readonly<Record<string, unknown>>,
  name: string,
  scale = 1.0,
): [number, number] | null {
  const ends = conditions[name];
  return Array.isArray(ends) ? [Number(ends[0]) * scale, Number(ends[1]) * scale] : null;
}

function trained(ends: readonly [number, number], unit: string): string {
  return `the network was trained for ${number(ends[0])} to ${number(ends[1])} ${unit}`;
}

function number(value: number): string {
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}
