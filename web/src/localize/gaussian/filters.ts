import { convolveSeparable } from "./convolution.ts";

/** Narrow minus wide Gaussian, `(height, width)`; sigmas in px. */
export function differenceOfGaussians(
  frame: Float32Array,
  height: number,
  width: number,
  narrowSigmaPx: number,
  wideSigmaPx: number,
): Float32Array {
  const narrow = new Float32Array(frame.length);
  const wide = new Float32Array(frame.length);
  convolveSeparable(frame, height, width, gaussian(narrowSigmaPx), narrow);
  convolveSeparable(frame, height, width, gaussian(wideSigmaPx), wide);
  return narrow.map((value, i) => value - wide[i]);
}

/** Difference of the first two smoothed planes of a B-spline (Izeddin et al. 2012, eq. 2). */
export function waveletPlane(frame: Float32Array, height: number, width: number): Float32Array {
  const holed = new Float32Array(2 * WAVELET.length - 1);
  WAVELET.forEach((value, i) => {
    holed[2 * i] = value;
  });
  const first = new Float32Array(frame.length);
  const second = new Float32Array(frame.length);
  convolveSeparable(frame, height, width, WAVELET, first);
  convolveSeparable(first, height, width, holed, second);
  return first.map((value, i) => value - second[i]);
}

// the quadratic B-spline (order 3) at i / 2 for i = -2 .. 2: 1/8, 1/2, 3/4, 1/2, 1/8
const WAVELET = Float32Array.from([0.125, 0.5, 0.75, 0.5, 0.125], (value) => value / 2.0);

function gaussian(sigmaPx: number): Float32Array {
  const radius = Math.max(1, Math.ceil(3.5 * sigmaPx));
  const kernel = Array.from({ length: 2 * radius + 1 }, (_, i) =>
    Math.exp(-0.5 * ((i - radius) / sigmaPx) ** 2),
  );
  const sum = kernel.reduce((total, value) => total + value, 0.0);
  return Float32Array.from(kernel, (value) => value / sum);
}
