/** The region of interest on the camera's view: dragged, resized, moved by keys. */

import { allowedRegion, changedRegion, type Region } from "../camera/region.ts";
import { element } from "../screens/element.ts";

const FINE_PX = 2;
const COARSE_PX = 16;

/** The frame over the view; tells the region that the person chose. */
export class RegionFrame {
  /** lies over the video, of the same size */
  readonly root: HTMLElement;
  readonly #frame: HTMLElement;
  readonly #size: HTMLElement;
  readonly #choose: (region: Region) => void;
  #region: Region = { x: 0, y: 0, width: 256, height: 256 };
  #width = 1;
  #height = 1;

  constructor(choose: (region: Region) => void) {
    this.#choose = choose;
    this.#size = element("span", { class: "region-size" });
    const handle = element("span", { class: "region-handle" });
    this.#frame = element(
      "div",
      {
        class: "region-frame",
        role: "application",
        tabindex: 0,
        aria: { label: "Region that is recorded. Arrows move it, plus and minus resize it." },
      },
      this.#size,
      handle,
    );
    this.root = element("div", { class: "region-layer" }, this.#frame);
    this.#drag(this.#frame, (from, x, y) => ({ ...from, x: from.x + x, y: from.y + y }));
    this.#drag(handle, (from, x, y) => {
      const size = Math.max(from.width + x, from.height + y);
      return { ...from, width: size, height: size };
    });
    this.#frame.addEventListener("keydown", (event) => this.#key(event));
    this.root.addEventListener("pointerdown", (event) => {
      if (event.target === this.root) this.#centreOn(event);
    });
  }

  get region(): Region {
    return this.#region;
  }

  /** Size of the camera's frames, px. */
  setFrameSize(width: number, height: number): void {
    this.#width = width;
    this.#height = height;
    this.show(this.#region);
  }

  /** Shows a region without telling anybody. */
  show(region: Region): void {
    this.#region = allowedRegion(region, this.#width, this.#height);
    const { x, y, width, height } = this.#region;
    this.#frame.style.left = `${(100 * x) / this.#width}%`;
    this.#frame.style.top = `${(100 * y) / this.#height}%`;
    this.#frame.style.width = `${(100 * width) / this.#width}%`;
    this.#frame.style.height = `${(100 * height) / this.#height}%`;
    this.#size.textContent = `${width} × ${height}`;
    this.#frame.setAttribute("aria-description", `${width} by ${height} pixels at ${x}, ${y}`);
  }

  /** Shows a region and tells it. */
  set(region: Region): void {
    this.show(region);
    this.#choose(this.#region);
  }

  #perPixel(): number {
    return this.#width / Math.max(this.root.getBoundingClientRect().width, 1);
  }

  #centreOn(event: PointerEvent): void {
    const box = this.root.getBoundingClientRect();
    const scale = this.#perPixel();
    const { width, height } = this.#region;
    this.set({
      width,
      height,
      x: (event.clientX - box.left) * scale - width / 2,
      y: (event.clientY - box.top) * scale - height / 2,
    });
  }

  #drag(part: HTMLElement, change: (from: Region, x: number, y: number) => Region): void {
    part.addEventListener("pointerdown", (down) => {
      down.preventDefault();
      down.stopPropagation();
      this.#frame.focus({ preventScroll: true });
      part.setPointerCapture(down.pointerId);
      const from = this.#region;
      const scale = this.#perPixel();
      const move = (event: PointerEvent): void => {
        const x = (event.clientX - down.clientX) * scale;
        const y = (event.clientY - down.clientY) * scale;
        this.set(change(from, x, y));
      };
      const end = (): void => {
        part.removeEventListener("pointermove", move);
        part.removeEventListener("pointerup", end);
        part.removeEventListener("pointercancel", end);
      };
      part.addEventListener("pointermove", move);
      part.addEventListener("pointerup", end);
      part.addEventListener("pointercancel", end);
    });
  }

  #key(event: KeyboardEvent): void {
    const step = event.shiftKey ? COARSE_PX : FINE_PX;
    const grow = { width: 2 * step, height: 2 * step, x: -step, y: -step };
    const changes: Record<string, Partial<Region>> = {
      ArrowLeft: { x: -step },
      ArrowRight: { x: step },
      ArrowUp: { y: -step },
      ArrowDown: { y: step },
      "+": grow,
      "=": grow,
      "-": { width: -2 * step, height: -2 * step, x: step, y: step },
    };
    const change = changes[event.key];
    if (change === undefined) return;
    event.preventDefault();
    this.set(changedRegion(this.#region, change, this.#width, this.#height));
  }
}
