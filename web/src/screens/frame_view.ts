/** The frame that was localized last, with its molecules marked. */

import type { MoleculeColumns } from "../localize/localizer.ts";
import type { GreyFrame } from "../movie/frame.ts";
import { element } from "./element.ts";
import { greyPicture } from "./region_view.ts";

const EVERY_MS = 120;
const RING_PX = 5;

/** A frame and rings around the molecules that were found in it. */
export class FrameView {
  readonly root: HTMLElement;
  readonly #canvas: HTMLCanvasElement;
  readonly #words = element("span", { class: "plot-value" });
  readonly #whole = document.createElement("canvas");
  #shownAt = 0;

  constructor() {
    this.#canvas = element("canvas", {
      role: "img",
      aria: { label: "Last frame with the molecules found in it" },
    });
    this.root = element(
      "figure",
      { class: "frame-view" },
      element("figcaption", {}, element("span", {}, "Frame"), this.#words),
      this.#canvas,
    );
  }

  /**
   * @param region the part that was localized, `[x0, x1, y0, y1]` px; null: all
   */
  show(
    frame: GreyFrame,
    molecules: MoleculeColumns,
    region: readonly [number, number, number, number] | null,
  ): void {
    const now = performance.now();
    if (now - this.#shownAt < EVERY_MS) return;
    this.#shownAt = now;
    const { width, height } = frame;
    // A live frame is the region already; a movie's is cut to it.
    const [x0, x1, y0, y1] =
      region !== null && region[1] <= width && region[3] <= height ? region : [0, width, 0, height];
    this.#whole.width = width;
    this.#whole.height = height;
    this.#whole
      .getContext("2d")
      ?.putImageData(greyPicture(frame.pixels, width, height, true), 0, 0);
    const box = this.#canvas.getBoundingClientRect();
    const scale = Math.max(
      1,
      Math.round((box.width * (window.devicePixelRatio || 1)) / (x1 - x0)) || 1,
    );
    this.#canvas.width = (x1 - x0) * scale;
    this.#canvas.height = (y1 - y0) * scale;
    const context = this.#canvas.getContext("2d");
    if (context === null) return;
    context.imageSmoothingEnabled = false;
    context.drawImage(
      this.#whole,
      x0,
      y0,
      x1 - x0,
      y1 - y0,
      0,
      0,
      this.#canvas.width,
      this.#canvas.height,
    );
    context.strokeStyle = "#ff9d69";
    context.lineWidth = Math.max(1.5, 0.6 * scale);
    for (let row = 0; row < molecules.rows; row += 1) {
      context.beginPath();
      context.arc(
        (molecules.xPx[row] - x0) * scale,
        (molecules.yPx[row] - y0) * scale,
        RING_PX * scale,
        0,
        2 * Math.PI,
      );
      context.stroke();
    }
    this.#words.textContent = `${frame.index + 1} · ${molecules.rows} molecules`;
    this.#canvas.setAttribute(
      "aria-label",
      `Frame ${frame.index + 1} with ${molecules.rows} molecules marked`,
    );
  }
}
