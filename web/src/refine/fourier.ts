/** A complex picture, `(size, size)`; `size` is a power of two. */
export interface Spectrum {
  readonly size: number;
  readonly real: Float32Array;
  readonly imaginary: Float32Array;
}

/** An empty picture. */
export function emptySpectrum(size: number): Spectrum {
  return {
    size,
    real: new Float32Array(size * size),
    imaginary: new Float32Array(size * size),
  };
}

/** Fourier transform in place (Cooley and Tukey 1965); `inverse` without the factor 1 / n. */
export function transform(picture: Spectrum, inverse: boolean): void {
  const { size, real, imaginary } = picture;
  const line = new Line(size, inverse);
  for (let row = 0; row < size; row++) line.run(real, imaginary, row * size, 1);
  for (let column = 0; column < size; column++) line.run(real, imaginary, column, size);
}

class Line {
  private readonly cosines: Float64Array;
  private readonly sines: Float64Array;
  private readonly order: Uint32Array;
  private readonly re: Float64Array;
  private readonly im: Float64Array;

  constructor(
    private readonly size: number,
    inverse: boolean,
  ) {
    const angle = ((inverse ? 2 : -2) * Math.PI) / size;
    this.cosines = Float64Array.from({ length: size / 2 }, (_, k) => Math.cos(k * angle));
    this.sines = Float64Array.from({ length: size / 2 }, (_, k) => Math.sin(k * angle));
    this.order = new Uint32Array(size);
    const bits = Math.log2(size);
    for (let k = 0; k < size; k++) {
      for (let bit = 0; bit < bits; bit++) {
        if ((k >> bit) & 1) this.order[k] |= 1 << (bits - 1 - bit);
      }
    }
    this.re = new Float64Array(size);
    this.im = new Float64Array(size);
  }

  run(real: Float32Array, imaginary: Float32Array, start: number, step: number): void {
    const { size, re, im, order, cosines, sines } = this;
    for (let k = 0; k < size; k++) {
      re[k] = real[start + order[k] * step];
      im[k] = imaginary[start + order[k] * step];
    }
    for (let half = 1; half < size; half *= 2) {
      const turn = size / (2 * half);
      for (let first = 0; first < size; first += 2 * half) {
        for (let k = 0; k < half; k++) {
          const c = cosines[k * turn];
          const s = sines[k * turn];
          const a = first + k;
          const b = a + half;
          const x = re[b] * c - im[b] * s;
          const y = re[b] * s + im[b] * c;
          re[b] = re[a] - x;
          im[b] = im[a] - y;
          re[a] += x;
          im[a] += y;
        }
      }
    }
    for (let k = 0; k < size; k++) {
      real[start + k * step] = re[k];
      imaginary[start + k * step] = im[k];
    }
  }
}
