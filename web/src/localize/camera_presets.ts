import type { CameraModel } from "./camera_model.ts";

/** What is taken where nothing is said: a linear 8-bit camera of gain 1. */
export const PLAIN_CAMERA: CameraModel = {
  name: "camera",
  offsetAdu: 0.0,
  gainEPerAdu: 1.0,
  readNoiseE: 0.0,
  excessNoiseFactor: 1.0,
  saturationAdu: null,
  darkClipAdu: null,
  toneCurve: null,
  bitDepth: 8,
  valueRange: "full",
};

/** Cameras that are known by name; the same numbers as Python's presets. */
export const CAMERA_PRESETS: readonly CameraModel[] = [
  {
    ...PLAIN_CAMERA,
    name: "generic-phone",
    offsetAdu: 4.0,
    gainEPerAdu: 0.7,
    readNoiseE: 2.5,
    saturationAdu: 220.0,
    darkClipAdu: 0.0,
  },
  {
    ...PLAIN_CAMERA,
    name: "huawei-p9",
    offsetAdu: 4.1,
    gainEPerAdu: 0.69,
    readNoiseE: 2.5,
    saturationAdu: 220.0,
    darkClipAdu: 0.0,
  },
  {
    ...PLAIN_CAMERA,
    name: "ixon-897",
    bitDepth: 14,
    offsetAdu: 100.0,
    gainEPerAdu: 0.05,
    readNoiseE: 0.2,
    excessNoiseFactor: 2.0,
    saturationAdu: 16000.0,
  },
  {
    ...PLAIN_CAMERA,
    name: "scmos",
    bitDepth: 16,
    offsetAdu: 100.0,
    gainEPerAdu: 0.46,
    readNoiseE: 1.6,
    saturationAdu: 65000.0,
  },
];

/** The fields as Python's `Camera` has them (its YAML and JSON), to store or to send. */
export function cameraAsPython(camera: CameraModel): Record<string, unknown> {
  const curve = camera.toneCurve;
  return {
    name: camera.name,
    offset_adu: camera.offsetAdu,
    gain_e_per_adu: camera.gainEPerAdu,
    read_noise_e: camera.readNoiseE,
    excess_noise_factor: camera.excessNoiseFactor,
    saturation_adu: camera.saturationAdu,
    dark_clip_adu: camera.darkClipAdu,
    tone_curve: curve === null ? null : { grey: curve.greyAdu, linear_adu: curve.linearAdu },
    bit_depth: camera.bitDepth,
    value_range: camera.valueRange,
  };
}
