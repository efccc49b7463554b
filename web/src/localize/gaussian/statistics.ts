/** Numbers in rising order, as a copy. */
export function sorted(values: ArrayLike<number>): Float64Array {
  return Float64Array.from(values).sort();
}

/** Percentile with linear interpolation between order statistics, of sorted numbers. */
export function percentileOfSorted(values: Float64Array, percent: number): number {
  const place = ((values.length - 1) * percent) / 100.0;
  const low = Math.floor(place);
  const high = Math.min(low + 1, values.length - 1);
  return values[low] + (values[high] - values[low]) * (place - low);
}

/** Percentile with linear interpolation between order statistics. */
export function percentile(values: ArrayLike<number>, percent: number): number {
  return percentileOfSorted(sorted(values), percent);
}

/** Median; of an even number the mean of the middle two. */
export function median(values: ArrayLike<number>): number {
  return percentile(values, 50.0);
}

/** Half the distance of the 15.87th and 84.13th percentiles: one sigma of a normal. */
export function halfWidth(values: ArrayLike<number>): number {
  const rising = sorted(values);
  return 0.5 * (percentileOfSorted(rising, 84.13) - percentileOfSorted(rising, 15.87));
}

/** `count` numbers from `first` to `last`, both included, evenly spaced. */
export function evenlySpaced(first: number, last: number, count: number): number[] {
  if (count === 1) return [first];
  const step = (last - first) / (count - 1);
  return Array.from({ length: count }, (_, i) => (i === count - 1 ? last : first + i * step));
}

/** Piecewise linear through rising `xs`, constant outside, as numpy's `interp`. */
export function interpolate(value: number, xs: readonly number[], ys: readonly number[]): number {
  const last = xs.length - 1;
  if (value <= xs[0]) return ys[0];
  if (value >= xs[last]) return ys[last];
  let i = 0;
  while (xs[i + 1] <= value) i++;
  return ys[i] + ((ys[i + 1] - ys[i]) / (xs[i + 1] - xs[i])) * (value - xs[i]);
}
