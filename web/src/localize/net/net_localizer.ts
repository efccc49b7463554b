import type { GreyFrame } from "../../movie/frame.ts";
import type { CameraModel } from "../camera_model.ts";
import { cutFrame } from "../cut_frame.ts";
import { Flag } from "../flags.ts";
import { LightScale } from "../light_scale.ts";
import type { Localizer, MoleculeColumns, Region } from "../localizer.ts";
import { collectMolecules, type MappedMolecule } from "./collect_molecules.ts";
import { checkPlanes, inputPlanes, LightPlane } from "./inputs.ts";
import { scaledError } from "./model_facts.ts";
import type { Network } from "./network.ts";
import { mapRuns } from "./occupied.ts";

/** Localization by a network with everything decided; plain values. */
export interface NetSettings {
  readonly camera: CameraModel;
  readonly region: Region;
  /** Address of the model; `null`: the one that comes along. */
  readonly model: string | null;
  /** Probability that makes a molecule. */
  readonly leastMass: number;
  /** Compute only where a molecule can be. */
  readonly skipEmpty: boolean;
  /** Most frequent width of bright molecules of the sample, px. */
  readonly sigmaPx: number | null;
  readonly notices: readonly string[];
}

const EDGE_PX = 2;

/** A trained network and how its maps become molecules; Python's `NetLocalizer`. */
export class NetLocalizer implements Localizer {
  readonly method = "net";
  readonly haloFrames: number;
  readonly notices: readonly string[];
  private readonly scale: LightScale;
  private readonly light: LightPlane;

  constructor(
    readonly decided: NetSettings,
    private readonly network: Network,
  ) {
    checkPlanes(network.facts.planes);
    this.haloFrames = network.facts.contextFrames >> 1;
    this.notices = decided.notices;
    this.scale = new LightScale(decided.camera);
    this.light = new LightPlane(this.scale);
  }

  async localize(
    frames: readonly GreyFrame[],
    first: number,
    last: number,
  ): Promise<MoleculeColumns> {
    const { facts } = this.network;
    const { region, leastMass, skipEmpty, sigmaPx } = this.decided;
    const cut = frames.map((frame) => cutFrame(frame, region));
    const { height, width } = cut[0];
    const { haloFrames, light } = this;
    const planes = inputPlanes(cut, first, last, haloFrames, facts.planes, light, sigmaPx);
    const found: MappedMolecule[] = [];
    for await (const [start, maps] of mapRuns(this.network, planes, skipEmpty, leastMass)) {
      for (const molecule of collectMolecules(maps, height, width, leastMass, facts.joinPx)) {
        // what lies outside the picture belongs to nobody
        const inside =
          molecule.x >= 0 && molecule.x < width && molecule.y >= 0 && molecule.y < height;
        if (inside) found.push({ ...molecule, frame: molecule.frame + start + first });
      }
    }
    const byIndex = new Map(cut.map((frame) => [frame.index, frame]));
    return this.columns(found, byIndex);
  }

  summary(): Record<string, string> {
    const { facts } = this.network;
    const { leastMass, sigmaPx } = this.decided;
    return {
      network: `${facts.name} (${facts.contextFrames} frames at a time)`,
      molecules: `probability over ${leastMass} within ${facts.joinPx} px`,
      ...(sigmaPx === null ? {} : { "PSF width": `${sigmaPx.toFixed(2)} px (measured)` }),
    };
  }

  settings(): Record<string, unknown> {
    return { method: "net", modelName: this.network.facts.name, ...this.decided };
  }

  private columns(
    rows: readonly MappedMolecule[],
    frames: ReadonlyMap<number, GreyFrame>,
  ): MoleculeColumns {
    const { positionScale, lightScale } = this.network.facts;
    const [x0, , y0] = this.decided.region;
    const excess = this.decided.camera.excessNoiseFactor;
    const of = (value: (row: MappedMolecule, k: number) => number): Float32Array =>
      Float32Array.from(rows, value);
    const errorX = of((m) => scaledError(positionScale, Math.sqrt(m.varianceX), m.probability));
    const errorY = of((m) => scaledError(positionScale, Math.sqrt(m.varianceY), m.probability));
    const photons = of((m) => excess * Math.exp(m.logPhotons));
    return {
      rows: rows.length,
      frame: Uint32Array.from(rows, (m) => m.frame),
      xPx: Float64Array.from(rows, (m) => x0 + m.x),
      yPx: Float64Array.from(rows, (m) => y0 + m.y),
      photons,
      backgroundPhotons: of((m) => excess * Math.exp(m.logBackground)),
      uncertaintyPx: of((_, k) => Math.sqrt(0.5 * (errorX[k] ** 2 + errorY[k] ** 2))),
      uncertaintyXPx: errorX,
      uncertaintyYPx: errorY,
      uncertaintyPhotons: of(
        (m, k) =>
          photons[k] * scaledError(lightScale, Math.sqrt(m.varianceLogPhotons), m.probability),
      ),
      probability: of((m) => m.probability),
      flags: Uint8Array.from(rows, (m) => this.flags(m, frames.get(m.frame) as GreyFrame)),
    };
  }

  private flags({ x, y }: MappedMolecule, frame: GreyFrame): number {
    const { width, height, pixels } = frame;
    let flags = 0;
    if (x < EDGE_PX || x > width - EDGE_PX || y < EDGE_PX || y > height - EDGE_PX) {
      flags |= Flag.nearEdge;
    }
    const grey = pixels[Math.trunc(y) * width + Math.trunc(x)];
    if (this.scale.isSaturated(grey)) flags |= Flag.saturated;
    return flags;
  }
}
