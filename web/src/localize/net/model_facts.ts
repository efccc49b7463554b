import { AppError } from "../../errors.ts";
import { protobufFields } from "./protobuf.ts";

/** What a reported standard deviation is multiplied by to be true; Python's `ErrorScale`. */
export interface ErrorScale {
  readonly logConstant: number;
  readonly perProbability: number;
  readonly perLogError: number;
}

/** What a model file says of itself; Python's `ModelFacts`, as far as it is needed here. */
export interface ModelFacts {
  readonly name: string;
  /** What the network sees of a frame, in order. */
  readonly planes: readonly string[];
  /** Frames looked at for one. */
  readonly contextFrames: number;
  /** Probability that makes a molecule where there are enough. */
  readonly leastMass: number;
  /** Distance within which pixels mean one molecule, px. */
  readonly joinPx: number;
  /** Thresholds, and molecules found in 10^6 px that hold none: mean and worst. */
  readonly falsePerMpx: readonly (readonly [number, number, number])[];
  readonly positionScale: ErrorScale;
  readonly lightScale: ErrorScale;
  /** Conditions that it is valid for. */
  readonly conditions: Readonly<Record<string, unknown>>;
}

const KEY = "cellstorm";
const FORMAT = 2;
// of an ONNX file (onnx.proto3): ModelProto.metadata_props, StringStringEntryProto.key, .value
const METADATA_FIELD = 14;

/** The facts inside a model file; throws when it is none of cellstorm's. */
export function readModelFacts(model: Uint8Array): ModelFacts {
  const text = metadata(model, KEY);
  const refused = (what: string): AppError =>
    new AppError("no-network", what, "Use the network that comes along.");
  if (text === null) throw refused("This file is not a network of cellstorm's.");
  const values = JSON.parse(text) as Record<string, unknown>;
  if (values.format_version !== FORMAT) {
    throw refused("This network was made for another version of cellstorm.");
  }
  return {
    name: values.name as string,
    planes: values.planes as string[],
    contextFrames: values.context_frames as number,
    leastMass: values.least_mass as number,
    joinPx: values.join_px as number,
    falsePerMpx: (values.false_per_mpx ?? []) as [number, number, number][],
    positionScale: errorScale(values.position_scale),
    lightScale: errorScale(values.light_scale),
    conditions: (values.conditions ?? {}) as Record<string, unknown>,
  };
}

function errorScale(value: unknown): ErrorScale {
  const scale = (value ?? {}) as Record<string, number | undefined>;
  return {
    logConstant: scale.log_constant ?? 0,
    perProbability: scale.per_probability ?? 0,
    perLogError: scale.per_log_error ?? 0,
  };
}

/** An error (px, or of log photons) as it truly is. */
export function scaledError(scale: ErrorScale, error: number, probability: number): number {
  const logError = Math.log(Math.max(error, 1e-6));
  return (
    error *
    Math.exp(scale.logConstant + scale.perProbability * probability + scale.perLogError * logError)
  );
}

function metadata(model: Uint8Array, key: string): string | null {
  const decoder = new TextDecoder();
  for (const field of protobufFields(model)) {
    if (field.number !== METADATA_FIELD) continue;
    const entry = new Map(Array.from(protobufFields(field.bytes), (f) => [f.number, f.bytes]));
    if (decoder.decode(entry.get(1)) === key) return decoder.decode(entry.get(2));
  }
  return null;
}
