/** The region as the camera's numbers, enlarged; the second half is the focus aid. */

import type { Region } from "../camera/region.ts";
import { preferences } from "../storage/preferences.ts";
import { element } from "./element.ts";
import { button } from "./parts.ts";

// The middle is shown this much larger to judge focus by single spots.
const FOCUS_ZOOM = 4;

/** Grey values on the screen, sharp pixels, brightened if the person wants. */
export class RegionView {
  readonly root: HTMLElement;
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  readonly #whole = document.createElement("canvas");
  readonly #stop: () => void;
  #zoomed = false;

  constructor() {
    this.#canvas = element("canvas", { role: "img", aria: { label: "Region, enlarged" } });
    const context = this.#canvas.getContext("2d");
    if (context === null) throw new Error("no 2d canvas");
    this.#context = context;
    const stretch = button("Brighten", {
      icon: "contrast",
      kind: "small overlay",
      iconOnly: true,
      aria: { pressed: String(preferences.values.stretch) },
      press: () => preferences.set({ stretch: !preferences.values.stretch }),
    });
    stretch.title = "Brighten this view (not the recording)";
    const zoom = button("Enlarge the middle", {
      icon: "focus",
      kind: "small overlay",
      iconOnly: true,
      aria: { pressed: "false" },
      press: () => {
        this.#zoomed = !this.#zoomed;
        zoom.setAttribute("aria-pressed", String(this.#zoomed));
      },
    });
    this.#stop = preferences.on("change", (values) =>
      stretch.setAttribute("aria-pressed", String(values.stretch)),
    );
    this.root = element(
      "div",
      { class: "region-view" },
      this.#canvas,
      element("div", { class: "overlay-buttons" }, stretch, zoom),
    );
  }

  /** @param rotation how far the picture is turned to stand like the view, degrees */
  show(luma: Uint8Array, size: Region, rotation: number): void {
    const { width, height } = size;
    if (this.#whole.width !== width || this.#whole.height !== height) {
      this.#whole.width = width;
      this.#whole.height = height;
    }
    const context = this.#whole.getContext("2d");
    if (context === null) return;
    context.putImageData(greyPicture(luma, width, height, preferences.values.stretch), 0, 0);
    const shownWidth = this.#zoomed ? Math.round(width / FOCUS_ZOOM) : width;
    const shownHeight = this.#zoomed ? Math.round(height / FOCUS_ZOOM) : height;
    if (this.#canvas.width !== shownWidth || this.#canvas.height !== shownHeight) {
      this.#canvas.width = shownWidth;
      this.#canvas.height = shownHeight;
    }
    this.#canvas.style.transform = rotation === 0 ? "" : `rotate(${rotation}deg)`;
    this.#context.drawImage(
      this.#whole,
      (width - shownWidth) >> 1,
      (height - shownHeight) >> 1,
      shownWidth,
      shownHeight,
      0,
      0,
      shownWidth,
      shownHeight,
    );
  }

  /** The whole region as it is shown, as a small PNG. */
  async picture(): Promise<Blob> {
    return pngOf(this.#whole);
  }

  end(): void {
    this.#stop();
  }
}

/** A canvas as PNG. */
export function pngOf(canvas: HTMLCanvasElement): Promise<Blob> {
  return new Promise((made, failed) =>
    canvas.toBlob((blob) => (blob === null ? failed(new Error("no picture")) : made(blob))),
  );
}

/** Grey values as pixels of the screen; stretched from the darkest to the 99.9 % brightest. */
export function greyPicture(
  luma: ArrayLike<number>,
  width: number,
  height: number,
  stretch: boolean,
): ImageData {
  const picture = new ImageData(width, height);
  let least = 0;
  let most = 255;
  if (stretch) {
    const sample: number[] = [];
    const step = Math.max(1, Math.floor(luma.length / 8192));
    for (let at = 0; at < luma.length; at += step) sample.push(luma[at]);
    sample.sort((a, b) => a - b);
    least = sample[Math.floor(0.01 * sample.length)];
    most = Math.max(sample[Math.floor(0.999 * (sample.length - 1))], least + 8);
  }
  const scale = 255 / (most - least);
  const { data } = picture;
  for (let at = 0; at < luma.length; at += 1) {
    const grey = (luma[at] - least) * scale;
    data[4 * at] = grey;
    data[4 * at + 1] = grey;
    data[4 * at + 2] = grey;
    data[4 * at + 3] = 255;
  }
  return picture;
}
