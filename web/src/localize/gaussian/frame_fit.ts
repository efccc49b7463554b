import { initialBackground, LEAST_MODEL, refreshBackground } from "./background.ts";
import {
  addSpot,
  listNeighbours,
  MOLECULE_STRIDE,
  MOST_NEIGHBOURS,
  windowCount,
  windowStart,
} from "./frame_model.ts";
import { FisherScratch, jointVariances, markInsignificant } from "./joint_fisher.ts";
import { fillProfile, fillProfileWithWidth, spotProfile } from "./profile.ts";
import { scoreMap, searchScore } from "./score.ts";

/** What is fixed of a fit; lengths in px. */
export interface FrameFitSettings {
  readonly sigmaPx: number;
  /** Half width of a molecule's window. */
  readonly radius: number;
  /** Half width of the window that the background is smoothed over. */
  readonly backgroundRadius: number;
  /** Score in standard deviations from which a peak is looked at. */
  readonly searchThreshold: number;
  /** Photons over their standard error under which a molecule is dropped. */
  readonly leastRatio: number;
  /** How often to look again in what is left. */
  readonly rounds: number;
}

/** A molecule as fitted; lengths in px. */
export interface FittedMolecule {
  x: number;
  y: number;
  photons: number;
  background: number;
  varX: number;
  varY: number;
  varPhotons: number;
  chi2: number;
  significance: number;
  sigmaX: number;
  sigmaY: number;
  neighbours: number;
  converged: boolean;
}

const SWEEPS = 40;

/**
 * All molecules of a frame fitted together by Poisson maximum likelihood.
 *
 * The model of a frame is a smooth background plus every molecule's pixel-integrated
 * Gaussian. Molecules are found as significant peaks of the score, fitted in sweeps of
 * Fisher scoring with all others in place, tested, and looked for again in what is left
 * over (after Holden et al. 2011, DAOSTORM); the same steps as Python's `fit_frames`.
 */
export class FrameFit {
  private readonly most: number;
  private readonly molecules: Float64Array;
  private readonly neighbours: Int32Array;
  private readonly keep: Uint8Array;
  private readonly axes: Float64Array[];
  private readonly scratch = new FisherScratch();
  private readonly background: Float32Array;
  private readonly score: Float32Array;
  private readonly gain: Float32Array;
  private readonly profile: Float32Array;
  private readonly squared: Float32Array;
  private data: Float32Array = new Float32Array(0);
  private extra: Float32Array = new Float32Array(0);
  private count = 0;
  /** The fitted model plus the extra variance of the last frame. */
  readonly model: Float32Array;

  constructor(
    private readonly height: number,
    private readonly width: number,
    private readonly settings: FrameFitSettings,
  ) {
    const size = height * width;
    this.most = Math.max(16, Math.floor(size / 6));
    this.molecules = new Float64Array(this.most * MOLECULE_STRIDE);
    this.neighbours = new Int32Array(this.most * MOST_NEIGHBOURS);
    this.keep = new Uint8Array(this.most);
    const span = 2 * settings.radius + 8;
    this.axes = Array.from({ length: 4 * (MOST_NEIGHBOURS + 1) }, () => new Float64Array(span));
    this.background = new Float32Array(size);
    this.model = new Float32Array(size);
    this.score = new Float32Array(size);
    this.gain = new Float32Array(size);
    this.profile = spotProfile(settings.sigmaPx, settings.radius);
    this.squared = this.profile.map((value) => value * value);
  }

  /**
   * Finds and fits every molecule of a frame.
   *
   * `data` are photoelectrons, `extra` the variance besides the light's own, e^2
   * (`data + extra` is Poisson with mean `model + extra`, Huang et al. 2013).
   */
  fit(data: Float32Array, extra: Float32Array): FittedMolecule[] {
    const { height, width, model, molecules, settings } = this;
    const { sigmaPx, radius, backgroundRadius, rounds } = settings;
    this.data = data;
    this.extra = extra;
    this.count = 0;
    initialBackground(data, extra, height, width, backgroundRadius, this.background);
    for (let p = 0; p < model.length; p++) {
      model[p] = Math.max(this.background[p] + extra[p], LEAST_MODEL);
    }
    for (let turn = 0; turn < rounds; turn++) {
      const { score, gain } = this;
      scoreMap(data, extra, height, width, model, this.profile, this.squared, score, gain);
      const before = this.count;
      this.count = searchScore(
        score,
        gain,
        height,
        width,
        settings.searchThreshold,
        0.8 * sigmaPx,
        molecules,
        before,
      );
      if (this.count === before && turn > 0) break;
      for (let k = before; k < this.count; k++) this.add(k, 1.0);
      this.list();
      this.settle(0.05);
      refreshBackground(data, extra, height, width, model, this.background, backgroundRadius);
      for (let test = 0; test < 4; test++) {
        this.list();
        const gone = markInsignificant(
          model,
          height,
          width,
          molecules,
          this.count,
          this.neighbours,
          sigmaPx,
          radius,
          settings.leastRatio,
          this.axes,
          this.scratch,
          this.keep,
        );
        if (gone === 0) break;
        this.drop();
        this.list();
        this.settle(0.05);
      }
    }
    this.list();
    this.settle(0.01);
    return Array.from({ length: this.count }, (_, k) => this.describe(k));
  }

  private list(): void {
    listNeighbours(this.molecules, this.count, 3.0 * this.settings.sigmaPx, this.neighbours);
  }

  private add(k: number, sign: number): void {
    const at = k * MOLECULE_STRIDE;
    const [x, y, photons] = this.molecules.subarray(at, at + 3);
    const { sigmaPx, radius } = this.settings;
    addSpot(this.model, this.height, this.width, x, y, sign * photons, sigmaPx, radius, this.axes);
  }

  /** Takes the molecules that are not kept out of the model. */
  private drop(): void {
    let stay = 0;
    for (let k = 0; k < this.count; k++) {
      if (this.keep[k]) {
        const at = k * MOLECULE_STRIDE;
        this.molecules.copyWithin(stay * MOLECULE_STRIDE, at, at + MOLECULE_STRIDE);
        stay++;
      } else {
        this.add(k, -1.0);
      }
    }
    this.count = stay;
  }

  /** Sweeps over the molecules until none moves by `tolerance` standard errors. */
  private settle(tolerance: number): void {
    const { molecules, neighbours, count } = this;
    for (let k = 0; k < count; k++) molecules[k * MOLECULE_STRIDE + 3] = 1e9;
    for (let sweep = 0; sweep < SWEEPS; sweep++) {
      let worst = 0.0;
      for (let k = 0; k < count; k++) {
        let unrest = molecules[k * MOLECULE_STRIDE + 3];
        for (let s = 0; s < MOST_NEIGHBOURS; s++) {
          const m = neighbours[k * MOST_NEIGHBOURS + s];
          if (m < 0) break;
          unrest = Math.max(unrest, molecules[m * MOLECULE_STRIDE + 3]);
        }
        if (unrest < tolerance) continue;
        worst = Math.max(worst, this.improve(k));
      }
      if (worst < tolerance) break;
    }
  }

  /** One Fisher scoring step of molecule `k`; gives how far it went, in standard errors. */
  private improve(k: number): number {
    const { data, extra, model, molecules, height, width, axes } = this;
    const { sigmaPx: sigma, radius } = this.settings;
    const at = k * MOLECULE_STRIDE;
    const x = molecules[at];
    const y = molecules[at + 1];
    const photons = molecules[at + 2];
    const x0 = windowStart(x, radius, width);
    const nx = windowCount(x, radius, width);
    const y0 = windowStart(y, radius, height);
    const ny = windowCount(y, radius, height);
    const [shareX, slopeX, shareY, slopeY] = axes;
    fillProfile(x, sigma, x0, nx, shareX, slopeX);
    fillProfile(y, sigma, y0, ny, shareY, slopeY);
    let g0 = 0.0;
    let g1 = 0.0;
    let g2 = 0.0;
    let h00 = 0.0;
    let h11 = 0.0;
    let h22 = 0.0;
    let h01 = 0.0;
    let h02 = 0.0;
    let h12 = 0.0;
    for (let j = 0; j < ny; j++) {
      const ey = shareY[j];
      const dey = slopeY[j] * photons;
      const ney = ey * photons;
      const row = (y0 + j) * width + x0;
      for (let i = 0; i < nx; i++) {
        const inv = 1.0 / model[row + i];
        const residual = Math.fround(data[row + i] + extra[row + i]) * inv - 1.0;
        const ex = shareX[i];
        const a = ney * slopeX[i];
        const b = dey * ex;
        const c = ey * ex;
        g0 += residual * a;
        g1 += residual * b;
        g2 += residual * c;
        const ai = a * inv;
        const bi = b * inv;
        h00 += ai * a;
        h01 += ai * b;
        h02 += ai * c;
        h11 += bi * b;
        h12 += bi * c;
        h22 += c * c * inv;
      }
    }
    // a little damping keeps hopelessly overlapped molecules from running away
    h00 *= 1.001;
    h11 *= 1.001;
    h22 *= 1.001;
    const c00 = h11 * h22 - h12 * h12;
    const c01 = h02 * h12 - h01 * h22;
    const c02 = h01 * h12 - h02 * h11;
    const determinant = h00 * c00 + h01 * c01 + h02 * c02;
    if (!(determinant > 1e-30)) return 0.0;
    const c11 = h00 * h22 - h02 * h02;
    const c12 = h01 * h02 - h00 * h12;
    const c22 = h00 * h11 - h01 * h01;
    let sx = (c00 * g0 + c01 * g1 + c02 * g2) / determinant;
    let sy = (c01 * g0 + c11 * g1 + c12 * g2) / determinant;
    let sn = (c02 * g0 + c12 * g1 + c22 * g2) / determinant;
    const limit = 0.4 * sigma;
    sx = Math.min(Math.max(sx, -limit), limit);
    sy = Math.min(Math.max(sy, -limit), limit);
    sn = Math.min(Math.max(sn, -0.5 * photons), photons);
    for (let j = 0; j < ny; j++) {
      const light = photons * shareY[j];
      const row = (y0 + j) * width + x0;
      for (let i = 0; i < nx; i++) {
        model[row + i] = Math.max(model[row + i] - light * shareX[i], LEAST_MODEL);
      }
    }
    molecules[at] = Math.min(Math.max(x + sx, 0.0), width);
    molecules[at + 1] = Math.min(Math.max(y + sy, 0.0), height);
    molecules[at + 2] = Math.max(photons + sn, 1.0);
    this.add(k, 1.0);
    const shift = Math.sqrt(sx * sx * h00 + sy * sy * h11 + sn * sn * h22);
    molecules[at + 3] = shift;
    return shift;
  }

  /** Position, errors, goodness of fit, significance and width of molecule `k`. */
  private describe(k: number): FittedMolecule {
    const { data, extra, model, molecules, neighbours, height, width, axes } = this;
    const { sigmaPx: sigma, radius } = this.settings;
    const fine = jointVariances(
      model,
      height,
      width,
      molecules,
      k,
      neighbours,
      sigma,
      radius,
      axes,
      this.scratch,
    );
    const [varX, varY, varPhotons] = fine
      ? this.scratch.variances
      : [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    const at = k * MOLECULE_STRIDE;
    const [x, y, photons, unrest] = molecules.subarray(at, at + 4);
    const x0 = windowStart(x, radius, width);
    const nx = windowCount(x, radius, width);
    const y0 = windowStart(y, radius, height);
    const ny = windowCount(y, radius, height);
    fillProfileWithWidth(x, sigma, x0, nx, axes[0], axes[1], axes[2]);
    fillProfileWithWidth(y, sigma, y0, ny, axes[3], axes[4], axes[5]);
    let chi2 = 0.0;
    let gained = 0.0;
    let hWw = 0.0;
    let hWn = 0.0;
    let hNn = 0.0;
    let gW = 0.0;
    let gN = 0.0;
    for (let j = 0; j < ny; j++) {
      const ey = axes[3][j];
      const row = (y0 + j) * width + x0;
      for (let i = 0; i < nx; i++) {
        const mu = model[row + i];
        const shifted = Math.fround(data[row + i] + extra[row + i]);
        const spot = photons * ey * axes[0][i];
        const residual = shifted - mu;
        chi2 += (residual * residual) / mu;
        gained += shifted * Math.log(mu / Math.max(mu - spot, LEAST_MODEL)) - spot;
        const w = photons * (axes[2][i] * ey + axes[0][i] * axes[5][j]);
        const n = ey * axes[0][i];
        const inv = 1.0 / mu;
        hWw += w * w * inv;
        hWn += w * n * inv;
        hNn += n * n * inv;
        gW += residual * w * inv;
        gN += residual * n * inv;
      }
    }
    const determinant = hWw * hNn - hWn * hWn;
    const wider = determinant > 1e-30 ? (gW * hNn - gN * hWn) / determinant : 0.0;
    const fitted = Math.min(Math.max(sigma + wider, 0.4 * sigma), 2.5 * sigma);
    const j = Math.min(Math.max(Math.trunc(y), 0), height - 1);
    const i = Math.min(Math.max(Math.trunc(x), 0), width - 1);
    let near = 0;
    while (near < MOST_NEIGHBOURS && neighbours[k * MOST_NEIGHBOURS + near] >= 0) near++;
    return {
      x,
      y,
      photons,
      background: this.background[j * width + i],
      varX,
      varY,
      varPhotons,
      chi2: chi2 / Math.max(nx * ny - 3, 1),
      significance: Math.max(2.0 * gained, 0.0),
      sigmaX: fitted,
      sigmaY: fitted,
      neighbours: near,
      converged: fine && unrest < 0.1,
    };
  }
}
