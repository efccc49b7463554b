/**
 * Lower Cholesky factor of the leading `n` x `n` of `a` (rows of `stride`), in place.
 *
 * False when the matrix is not positive definite; `a` is then spoilt.
 */
export function cholesky(a: Float64Array, stride: number, n: number): boolean {
  for (let j = 0; j < n; j++) {
    const row = j * stride;
    let total = a[row + j];
    for (let k = 0; k < j; k++) total -= a[row + k] * a[row + k];
    if (!(total > 1e-14 * Math.abs(a[row + j])) || !(total > 0.0)) return false;
    const pivot = Math.sqrt(total);
    a[row + j] = pivot;
    for (let i = j + 1; i < n; i++) {
      const other = i * stride;
      total = a[other + j];
      for (let k = 0; k < j; k++) total -= a[other + k] * a[row + k];
      a[other + j] = total / pivot;
    }
  }
  return true;
}

/** Solves `L L^T x = b` in place of `b`. */
export function solveCholesky(
  factor: Float64Array,
  stride: number,
  n: number,
  b: Float64Array,
): void {
  for (let i = 0; i < n; i++) {
    let total = b[i];
    for (let k = 0; k < i; k++) total -= factor[i * stride + k] * b[k];
    b[i] = total / factor[i * stride + i];
  }
  for (let i = n - 1; i >= 0; i--) {
    let total = b[i];
    for (let k = i + 1; k < n; k++) total -= factor[k * stride + i] * b[k];
    b[i] = total / factor[i * stride + i];
  }
}

/** First `wanted` diagonal elements of the inverse of `L L^T`. */
export function inverseDiagonal(
  factor: Float64Array,
  stride: number,
  n: number,
  wanted: number,
  diagonal: Float64Array,
  work: Float64Array,
): void {
  for (let k = 0; k < wanted; k++) {
    let norm = 0.0;
    for (let i = k; i < n; i++) {
      let total = i === k ? 1.0 : 0.0;
      for (let j = k; j < i; j++) total -= factor[i * stride + j] * work[j];
      work[i] = total / factor[i * stride + i];
      norm += work[i] * work[i];
    }
    diagonal[k] = norm;
  }
}
