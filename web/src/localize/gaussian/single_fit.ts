import { cholesky, solveCholesky } from "./linear.ts";
import { fillProfileWithWidth } from "./profile.ts";

/** Where a spot was seen: frame in the stack and pixel of the maximum. */
export interface Spot {
  readonly frame: number;
  readonly y: number;
  readonly x: number;
}

/** What one fit found; lengths in px, light in photons. */
export interface SpotFit {
  readonly x: number;
  readonly y: number;
  readonly photons: number;
  readonly background: number;
  readonly sigmaX: number;
  readonly sigmaY: number;
  readonly varX: number;
  readonly varY: number;
  readonly varPhotons: number;
  readonly chi2: number;
  readonly significance: number;
  readonly converged: boolean;
}

const STRIDE = 6;
const LEAST_MU = 1e-3;

/**
 * Levenberg-Marquardt fit of one pixel-integrated Gaussian on a constant background in a
 * square window, by likelihood; the same steps as Python's `fit_spots`.
 */
export class SingleFit {
  private readonly axes: Float64Array[];
  private readonly parameters = new Float64Array(6);
  private readonly trial = new Float64Array(6);
  private readonly gradient = new Float64Array(6);
  private readonly step = new Float64Array(6);
  private readonly derivatives = new Float64Array(6);
  private readonly hessian = new Float64Array(STRIDE * STRIDE);
  private readonly damped = new Float64Array(STRIDE * STRIDE);
  private readonly free: number;
  private data: Float32Array = new Float32Array(0);
  private extra: Float32Array = new Float32Array(0);
  private x0 = 0;
  private y0 = 0;
  private nx = 0;
  private ny = 0;

  /**
   * `widths` is the number of free widths: 0 fixed, 1 one, 2 in x and y; `radius` half the
   * window's edge, px.
   */
  constructor(
    private readonly height: number,
    private readonly width: number,
    private readonly radius: number,
    private readonly sigmaPx: number,
    private readonly widths: 0 | 1 | 2,
    private readonly mostIterations: number,
  ) {
    this.free = 4 + widths;
    this.axes = Array.from({ length: 6 }, () => new Float64Array(2 * radius + 1));
  }

  /** Fits the spot at a pixel of a frame (photoelectrons, variance besides the light's). */
  fit(data: Float32Array, extra: Float32Array, spotX: number, spotY: number): SpotFit {
    this.data = data;
    this.extra = extra;
    this.x0 = Math.max(spotX - this.radius, 0);
    this.y0 = Math.max(spotY - this.radius, 0);
    this.nx = Math.min(spotX + this.radius + 1, this.width) - this.x0;
    this.ny = Math.min(spotY + this.radius + 1, this.height) - this.y0;
    const { parameters: p, trial, gradient, step, hessian, damped, free, sigmaPx } = this;
    const mostPhotons = this.start(spotX, spotY);
    this.profiles(p);
    let best = this.objective(p);
    let damping = 1e-3;
    let converged = false;
    for (let iteration = 0; iteration < this.mostIterations; iteration++) {
      this.normalEquations();
      let accepted = false;
      let value = best;
      for (let attempt = 0; attempt < 6; attempt++) {
        for (let a = 0; a < free; a++) {
          const row = a * STRIDE;
          for (let b = 0; b < a; b++) damped[row + b] = hessian[row + b];
          damped[row + a] = hessian[row + a] * (1.0 + damping) + 1e-12;
          step[a] = gradient[a];
        }
        if (!cholesky(damped, STRIDE, free)) {
          damping = Math.max(damping, 1e-3) * 10.0;
          continue;
        }
        solveCholesky(damped, STRIDE, free, step);
        trial.set(p);
        for (let a = 0; a < free; a++) trial[a] += step[a];
        if (this.widths === 1) trial[5] = trial[4];
        trial[2] = Math.max(trial[2], 0.1 * p[2]);
        trial[3] = Math.max(trial[3], 1e-3);
        for (let a = 4; a < 6; a++) {
          trial[a] = Math.min(Math.max(trial[a], 0.4 * sigmaPx, 0.35), 3.0 * sigmaPx);
        }
        // a fit that leaves the neighbourhood of its maximum fits something else
        trial[0] = Math.min(Math.max(trial[0], spotX - 1.5), spotX + 2.5);
        trial[1] = Math.min(Math.max(trial[1], spotY - 1.5), spotY + 2.5);
        trial[2] = Math.min(trial[2], mostPhotons);
        this.profiles(trial);
        value = this.objective(trial);
        if (value <= best + 1e-9 * Math.abs(best)) {
          accepted = true;
          break;
        }
        damping = Math.max(damping, 1e-3) * 8.0;
      }
      if (!accepted) {
        this.profiles(p);
        converged = true;
        break;
      }
      const moved = Math.max(
        Math.abs(trial[0] - p[0]),
        Math.abs(trial[1] - p[1]),
        Math.abs(trial[4] - p[4]),
        Math.abs(trial[5] - p[5]),
      );
      const changed = Math.abs(trial[2] - p[2]) / p[2];
      p.set(trial);
      best = value;
      damping *= 0.1;
      if (moved < 2e-4 && changed < 1e-4) {
        converged = true;
        break;
      }
    }
    return this.result(converged);
  }

  /** Background from the window's rim, light and centre from what is above it. */
  private start(spotX: number, spotY: number): number {
    const { data, x0, y0, nx, ny, width, sigmaPx, parameters: p } = this;
    let rim = 0.0;
    let rimCount = 0;
    for (let j = 0; j < ny; j++) {
      for (let i = 0; i < nx; i++) {
        if (j === 0 || j === ny - 1 || i === 0 || i === nx - 1) {
          rim += data[(y0 + j) * width + x0 + i];
          rimCount++;
        }
      }
    }
    rim /= rimCount;
    let light = 0.0;
    let momentX = 0.0;
    let momentY = 0.0;
    let weight = 0.0;
    for (let j = 0; j < ny; j++) {
      for (let i = 0; i < nx; i++) {
        const above = data[(y0 + j) * width + x0 + i] - rim;
        light += above;
        if (above > 0 && Math.abs(y0 + j - spotY) <= 2 && Math.abs(x0 + i - spotX) <= 2) {
          weight += above;
          momentX += above * (x0 + i + 0.5);
          momentY += above * (y0 + j + 0.5);
        }
      }
    }
    const peak = Math.max(data[spotY * width + spotX] - rim, 1.0);
    const area = 2.0 * Math.PI * sigmaPx * sigmaPx;
    p[0] = weight > 0 ? momentX / weight : spotX + 0.5;
    p[1] = weight > 0 ? momentY / weight : spotY + 0.5;
    p[2] = Math.max(light, area * peak * 0.5, 5.0);
    p[3] = Math.max(rim, 0.01);
    p[4] = sigmaPx;
    p[5] = sigmaPx;
    return 20.0 * Math.max(light, area * peak);
  }

  private profiles(p: Float64Array): void {
    const { axes, x0, y0, nx, ny } = this;
    fillProfileWithWidth(p[0], p[4], x0, nx, axes[0], axes[1], axes[2]);
    fillProfileWithWidth(p[1], p[5], y0, ny, axes[3], axes[4], axes[5]);
  }

  /** Half deviance, to be minimised. */
  private objective(p: Float64Array): number {
    const { data, extra, axes, x0, y0, nx, ny, width } = this;
    let total = 0.0;
    for (let j = 0; j < ny; j++) {
      const row = p[2] * axes[3][j];
      const at = (y0 + j) * width + x0;
      for (let i = 0; i < nx; i++) {
        const mu = Math.max(row * axes[0][i] + p[3] + extra[at + i], LEAST_MU);
        total += mu - Math.fround(data[at + i] + extra[at + i]) * Math.log(mu);
      }
    }
    return total;
  }

  /** Fisher matrix and gradient. */
  private normalEquations(): void {
    const { data, extra, axes, x0, y0, nx, ny, width, free, widths } = this;
    const { parameters: p, gradient, hessian, derivatives: d } = this;
    gradient.fill(0.0);
    hessian.fill(0.0);
    for (let j = 0; j < ny; j++) {
      const ey = axes[3][j];
      const dey = axes[4][j] * p[2];
      const wey = axes[5][j] * p[2];
      const ney = ey * p[2];
      const at = (y0 + j) * width + x0;
      for (let i = 0; i < nx; i++) {
        const ex = axes[0][i];
        const model = ney * ex + p[3];
        const weight = 1.0 / Math.max(model + extra[at + i], LEAST_MU);
        d[0] = ney * axes[1][i];
        d[1] = dey * ex;
        d[2] = ey * ex;
        d[3] = 1.0;
        if (widths === 1) {
          d[4] = ney * axes[2][i] + wey * ex;
        } else if (widths === 2) {
          d[4] = ney * axes[2][i];
          d[5] = wey * ex;
        }
        const residual = (data[at + i] - model) * weight;
        for (let a = 0; a < free; a++) {
          gradient[a] += residual * d[a];
          const wa = weight * d[a];
          for (let b = 0; b <= a; b++) hessian[a * STRIDE + b] += wa * d[b];
        }
      }
    }
  }

  private result(finished: boolean): SpotFit {
    const { data, extra, axes, x0, y0, nx, ny, width, free, step } = this;
    const { parameters: p, hessian } = this;
    this.normalEquations();
    const variances = [
      Number.POSITIVE_INFINITY,
      Number.POSITIVE_INFINITY,
      Number.POSITIVE_INFINITY,
    ];
    const fine = cholesky(hessian, STRIDE, free);
    if (fine) {
      for (let k = 0; k < 3; k++) {
        step.fill(0.0);
        step[k] = 1.0;
        solveCholesky(hessian, STRIDE, free, step);
        variances[k] = step[k];
      }
    }
    let chi2 = 0.0;
    let withSpot = 0.0;
    let total = 0.0;
    for (let j = 0; j < ny; j++) {
      const row = p[2] * axes[3][j];
      const at = (y0 + j) * width + x0;
      for (let i = 0; i < nx; i++) {
        const mu = Math.max(row * axes[0][i] + p[3] + extra[at + i], LEAST_MU);
        const shifted = Math.fround(data[at + i] + extra[at + i]);
        chi2 += (shifted - mu) ** 2 / mu;
        withSpot += shifted * Math.log(mu) - mu;
        total += data[at + i];
      }
    }
    // without a molecule the best constant background is the window's mean
    const mean = total / (nx * ny);
    let without = 0.0;
    for (let j = 0; j < ny; j++) {
      const at = (y0 + j) * width + x0;
      for (let i = 0; i < nx; i++) {
        const mu = Math.max(mean + extra[at + i], LEAST_MU);
        without += Math.fround(data[at + i] + extra[at + i]) * Math.log(mu) - mu;
      }
    }
    return {
      x: p[0],
      y: p[1],
      photons: p[2],
      background: p[3],
      sigmaX: p[4],
      sigmaY: p[5],
      varX: variances[0],
      varY: variances[1],
      varPhotons: variances[2],
      chi2: chi2 / Math.max(nx * ny - free, 1),
      significance: Math.max(2.0 * (withSpot - without), 0.0),
      converged: finished && fine,
    };
  }
}
