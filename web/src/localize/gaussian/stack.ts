/** Frames of one size, as photoelectrons and as variance that does not come from light. */
export interface LightStack {
  readonly height: number;
  readonly width: number;
  /** One `(height, width)` picture a frame, photoelectrons. */
  readonly electrons: readonly Float32Array[];
  /** The same, photoelectrons squared; several frames may share one. */
  readonly variance: readonly Float32Array[];
}
