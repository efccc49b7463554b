import type { GreyFrame } from "../../movie/frame.ts";
import { cutFrame } from "../cut_frame.ts";
import { Flag } from "../flags.ts";
import { LightScale } from "../light_scale.ts";
import type { Localizer, MoleculeColumns } from "../localizer.ts";
import { localMaxima, noiseScale } from "./detection.ts";
import { dropDuplicates, dropSatellites } from "./duplicates.ts";
import { waveletPlane } from "./filters.ts";
import { type FittedMolecule, FrameFit } from "./frame_fit.ts";
import type { GaussianSettings } from "./gaussian_settings.ts";
import { REACH_WIDTHS } from "./satellites.ts";
import { SingleFit } from "./single_fit.ts";
import type { LightStack } from "./stack.ts";
import { interpolate } from "./statistics.ts";

const MOST_ITERATIONS = 40;
// faint molecules stay in the fit, where they take light that is theirs, but not in the table
const KEPT_SNR = 3.0;
// a spot whose width differs by more than this from the PSF's is out of focus or not one spot
const NARROW = 0.6;
const WIDE = 1.6;
const POOR_CHI2 = 2.5;
const CROWD = 3;

/** Finds and fits pixel-integrated Gaussians; Python's `GaussianLocalizer`. */
export class GaussianLocalizer implements Localizer {
  readonly method = "gaussian";
  readonly haloFrames = 0;
  readonly notices: readonly string[] = [];
  private readonly scale: LightScale;
  private frameFit: FrameFit | null = null;

  constructor(readonly decided: GaussianSettings) {
    this.scale = new LightScale(decided.camera);
  }

  async localize(
    frames: readonly GreyFrame[],
    first: number,
    last: number,
  ): Promise<MoleculeColumns> {
    const rows: Row[] = [];
    const { region } = this.decided;
    for (const whole of frames) {
      if (whole.index < first || whole.index >= last) continue;
      const frame = cutFrame(whole, region);
      const light = this.light([frame]);
      for (const molecule of this.fitFrame(light, 0)) {
        rows.push({ frame, molecule, dark: light.variance[0][this.pixel(molecule)] });
      }
    }
    return this.columns(rows);
  }

  /** Photoelectrons and the variance that does not come from light, of cut frames. */
  light(frames: readonly GreyFrame[]): LightStack {
    const { scale } = this;
    const factor = Math.fround(scale.camera.excessNoiseFactor);
    const [x0, x1, y0, y1] = this.decided.region;
    const dark = new Float32Array((x1 - x0) * (y1 - y0)).fill(scale.readVarianceE2);
    const electrons: Float32Array[] = [];
    const variance: Float32Array[] = [];
    for (const frame of frames) {
      const light = scale.electrons(frame.pixels);
      let extra = dark;
      for (let p = 0; p < light.length; p++) {
        if (!scale.isSaturated(frame.pixels[p])) continue;
        // a clipped pixel says "at least this": next to no weight, so that a flat top is
        // not taken for two molecules
        if (extra === dark) extra = dark.slice();
        extra[p] = Math.max(light[p], 1.0) ** 2;
      }
      if (factor === 1.0) {
        electrons.push(light);
        variance.push(extra);
      } else {
        electrons.push(light.map((value) => value / factor));
        variance.push(extra.map((value) => value / Math.fround(factor * factor)));
      }
    }
    return { height: y1 - y0, width: x1 - x0, electrons, variance };
  }

  /** Significant molecules of frame `n` of a stack; `model` takes the fitted model. */
  fitFrame(stack: LightStack, n: number, model?: Float32Array): FittedMolecule[] {
    const { emitters, leastSnr, sigmaPx, fitRadiusPx, satelliteShare } = this.decided;
    const all = emitters === "multi" ? this.fitTogether(stack, n, model) : this.fitAlone(stack, n);
    const kept = all.filter(
      (m) =>
        m.photons / Math.sqrt(m.varPhotons) >= leastSnr * this.noiseScaleAt(m.background) &&
        Number.isFinite(m.x) &&
        Number.isFinite(m.y) &&
        // a position less certain than the PSF is wide is none
        m.varX + m.varY < 2.0 * sigmaPx ** 2,
    );
    if (emitters === "single") {
      return dropDuplicates(kept, Math.max(sigmaPx, 0.4 * fitRadiusPx));
    }
    if (satelliteShare > 0) {
      return dropSatellites(kept, all, REACH_WIDTHS * sigmaPx, satelliteShare);
    }
    return kept;
  }

  /** Noise scale where the background is as given (photoelectrons). */
  noiseScaleAt(backgroundE: number): number {
    const { noiseLevelsE, noiseScales } = this.decided;
    if (noiseLevelsE.length === 0) return this.decided.noiseScale;
    return interpolate(backgroundE, noiseLevelsE, noiseScales);
  }

  summary(): Record<string, string> {
    const { decided } = this;
    const source =
      decided.sigmaMolecules > 0
        ? `estimated from ${decided.sigmaMolecules} molecules`
        : decided.sigmaGiven
          ? "given"
          : "usual; too few molecules to estimate it";
    const multi = decided.emitters === "multi";
    const size = 2 * decided.fitRadiusPx + 1;
    const summary: Record<string, string> = {
      "PSF width": `${decided.sigmaPx.toFixed(2)} px (${source})`,
      fit: multi
        ? `likelihood, molecules together, window ${size} px`
        : `likelihood, elliptical width, window ${size} px`,
      "least signal": `${decided.leastSnr.toFixed(1)} standard errors`,
    };
    if (multi) {
      summary.background = `smooth over ${2 * decided.backgroundRadiusPx + 1} px`;
    } else {
      summary.blurred = `${(100 * decided.blurredShare).toFixed(0)} % of the bright molecules`;
    }
    return summary;
  }

  settings(): Record<string, unknown> {
    return { method: "gaussian", ...this.decided };
  }

  private fitTogether(stack: LightStack, n: number, model?: Float32Array): FittedMolecule[] {
    const { decided } = this;
    this.frameFit ??= new FrameFit(stack.height, stack.width, {
      sigmaPx: decided.sigmaPx,
      radius: decided.fitRadiusPx,
      backgroundRadius: decided.backgroundRadiusPx,
      searchThreshold: decided.threshold * decided.noiseScale,
      leastRatio: Math.min(decided.leastSnr, KEPT_SNR) * decided.noiseScale,
      rounds: decided.rounds,
    });
    const found = this.frameFit.fit(stack.electrons[n], stack.variance[n]);
    model?.set(this.frameFit.model);
    return found;
  }

  private fitAlone(stack: LightStack, n: number): FittedMolecule[] {
    const { height, width } = stack;
    const { threshold, fitRadiusPx, sigmaPx, freeWidths } = this.decided;
    const data = stack.electrons[n];
    const image = waveletPlane(data, height, width);
    const fitter = new SingleFit(height, width, fitRadiusPx, sigmaPx, freeWidths, MOST_ITERATIONS);
    return localMaxima(image, height, width, threshold * noiseScale(image), 1, n).map((spot) => ({
      ...fitter.fit(data, stack.variance[n], spot.x, spot.y),
      neighbours: 0,
    }));
  }

  private pixel(molecule: FittedMolecule): number {
    const [x0, x1, y0, y1] = this.decided.region;
    const row = Math.min(Math.max(Math.trunc(molecule.y), 0), y1 - y0 - 1);
    const column = Math.min(Math.max(Math.trunc(molecule.x), 0), x1 - x0 - 1);
    return row * (x1 - x0) + column;
  }

  private flags({ frame, molecule }: Row, trust: number): number {
    const [x0, x1, y0, y1] = this.decided.region;
    const { fitRadiusPx: reach, sigmaPx } = this.decided;
    const narrowest = Math.min(molecule.sigmaX, molecule.sigmaY) / sigmaPx;
    const widest = Math.max(molecule.sigmaX, molecule.sigmaY) / sigmaPx;
    let flags = 0;
    if (!molecule.converged) flags |= Flag.notConverged;
    if (
      molecule.x < reach ||
      molecule.x > x1 - x0 - reach ||
      molecule.y < reach ||
      molecule.y > y1 - y0 - reach
    ) {
      flags |= Flag.nearEdge;
    }
    if (this.scale.isSaturated(frame.pixels[this.pixel(molecule)])) flags |= Flag.saturated;
    if (narrowest < NARROW || widest > WIDE) flags |= Flag.wideOrNarrow;
    if (molecule.chi2 > POOR_CHI2 * trust ** 2) flags |= Flag.poorFit;
    if (molecule.neighbours >= CROWD) flags |= Flag.crowded;
    return flags;
  }

  private columns(rows: readonly Row[]): MoleculeColumns {
    const [x0, , y0] = this.decided.region;
    const factor = this.decided.camera.excessNoiseFactor;
    const scales = rows.map(({ molecule }) => this.noiseScaleAt(molecule.background));
    // where the real noise is larger than the model's, errors are larger too
    const trust = scales.map((scale) => Math.max(scale, 1.0));
    const of = (value: (row: Row, k: number) => number): Float32Array =>
      Float32Array.from(rows, value);
    const errorX = of(({ molecule }, k) => trust[k] * Math.sqrt(molecule.varX));
    const errorY = of(({ molecule }, k) => trust[k] * Math.sqrt(molecule.varY));
    return {
      rows: rows.length,
      frame: Uint32Array.from(rows, (row) => row.frame.index),
      xPx: Float64Array.from(rows, (row) => x0 + row.molecule.x),
      yPx: Float64Array.from(rows, (row) => y0 + row.molecule.y),
      photons: of((row) => factor * row.molecule.photons),
      backgroundPhotons: of((row) => factor * row.molecule.background),
      backgroundStdPhotons: of(
        (row) => factor * Math.sqrt(Math.max(row.molecule.background, 0.0) + row.dark),
      ),
      sigmaPx: of((row) => 0.5 * (row.molecule.sigmaX + row.molecule.sigmaY)),
      uncertaintyPx: of((_, k) => Math.sqrt(0.5 * (errorX[k] ** 2 + errorY[k] ** 2))),
      uncertaintyXPx: errorX,
      uncertaintyYPx: errorY,
      uncertaintyPhotons: of((row, k) => factor * trust[k] * Math.sqrt(row.molecule.varPhotons)),
      chi2: of((row) => row.molecule.chi2),
      significance: of((row) => row.molecule.significance),
      neighbours: Uint16Array.from(rows, (row) => row.molecule.neighbours),
      flags: Uint8Array.from(rows, (row, k) => this.flags(row, scales[k])),
    };
  }
}

interface Row {
  readonly frame: GreyFrame;
  readonly molecule: FittedMolecule;
  /** Variance besides the light's own in the molecule's pixel, photoelectrons^2. */
  readonly dark: number;
}
