/** The super-resolved picture: grows with its table, is panned, zoomed and brightened. */

import { usualTop } from "../render/contrast.ts";
import { scaleBar } from "../render/scale_bar.ts";
import type {
  ColourMap,
  Contrast,
  DriftCurve,
  RenderMode,
  SumPicture,
  View,
} from "../render/sum_picture_types.ts";
import { panned, resized, viewOf, zoomed } from "../render/view.ts";
import { preferences } from "../storage/preferences.ts";
import type { MoleculeTable } from "../table/molecule_table.ts";
import { element } from "./element.ts";
import { button, segmented } from "./parts.ts";

// Finer than this costs time and nobody sees it.
const MOST_SCREEN_SCALE = 2;
const DRAW_BUDGET_MS = 10;
const GROW_EVERY_MS = 150;
const WHEEL_STEP = 1.0015;
const BUTTON_STEP = 1.6;
const THUMBNAIL_PATIENCE_MS = 2000;
// Zoomed out, molecules are single pixels: on a phone these need lifting to be seen.
const GAMMA = 0.5;

const COLOUR_MAPS: readonly (readonly [ColourMap, string])[] = [
  ["hot", "Hot"],
  ["fire", "Fire"],
  ["ember", "Ember"],
  ["cyan-hot", "Cyan"],
  ["lagoon", "Lagoon"],
  ["gray", "Grey"],
];

/** The part of the sample that there is to see, nm. */
export interface Field {
  readonly x0Nm: number;
  readonly y0Nm: number;
  readonly widthNm: number;
  readonly heightNm: number;
}

/** Picture with its scale bar and tools. */
export class PictureView {
  readonly root: HTMLElement;
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  readonly #stage: HTMLElement;
  readonly #bar = element("span", { class: "scale-bar-line" });
  readonly #barWords = element("span", {});
  readonly #zoomWords = element("span", { class: "zoom-words" });
  readonly #done = document.createElement("canvas");
  readonly #watcher: ResizeObserver;
  readonly #picture: SumPicture;
  readonly #field: Field;
  readonly #pointers = new Map<number, { x: number; y: number }>();
  #table: MoleculeTable | null = null;
  #view: View;
  #doneView: View;
  #mode: RenderMode = preferences.values.renderMode;
  #brightness = 1;
  #fitted = true;
  #scale = 1;
  #drawnAt = 0;
  #asked = false;
  #dirty = true;
  #ended = false;

  /**
   * @param make makes the sum for a first view
   * @param field what "fit" shows
   */
  constructor(make: (view: View, mode: RenderMode) => SumPicture, field: Field) {
    this.#field = field;
    this.#canvas = element("canvas", {
      tabindex: 0,
      role: "application",
      aria: {
        label: "Super-resolved picture. Arrows move it, plus and minus zoom, zero shows all of it.",
      },
    });
    const context = this.#canvas.getContext("2d", { alpha: false });
    if (context === null) throw new Error("no 2d canvas");
    this.#context = context;
    this.#view = { x0Nm: 0, y0Nm: 0, nmPerPixel: 100, width: 8, height: 8 };
    this.#doneView = this.#view;
    this.#picture = make(this.#view, this.#mode);
    this.#stage = element(
      "div",
      { class: "picture-stage" },
      this.#canvas,
      element("div", { class: "scale-bar", aria: { hidden: "true" } }, this.#barWords, this.#bar),
      element(
        "div",
        { class: "picture-buttons" },
        button("Zoom in", {
          icon: "plus",
          kind: "small overlay",
          iconOnly: true,
          press: () => this.#zoomBy(BUTTON_STEP),
        }),
        button("Zoom out", {
          icon: "minus",
          kind: "small overlay",
          iconOnly: true,
          press: () => this.#zoomBy(1 / BUTTON_STEP),
        }),
        button("Show all", {
          icon: "fit",
          kind: "small overlay",
          iconOnly: true,
          press: () => this.showAll(),
        }),
      ),
      this.#zoomWords,
    );
    this.#stage.style.aspectRatio = `${field.widthNm} / ${field.heightNm}`;
    this.root = element("div", { class: "picture-view" }, this.#stage, this.#tools());
    this.#gestures();
    this.#watcher = new ResizeObserver(() => this.#resized());
    this.#watcher.observe(this.#stage);
  }

  /** The table to draw, or the same one that has grown. */
  show(table: MoleculeTable): void {
    this.#table = table;
    this.#ask();
  }

  /** Shifts to take out; null shows the positions as they were measured. */
  setDrift(drift: DriftCurve | null): void {
    this.#picture.setDrift(drift);
    this.#dirty = true;
    this.#ask();
  }

  /** Shows the whole field. */
  showAll(): void {
    this.#fitted = true;
    const { width, height } = this.#canvas;
    if (width === 0) return;
    const { x0Nm, y0Nm, widthNm, heightNm } = this.#field;
    const extent = { x0Nm, y0Nm, x1Nm: x0Nm + widthNm, y1Nm: y0Nm + heightNm };
    this.#setView(viewOf(extent, width, height));
  }

  /** What is on the screen, for export: view, mode and colours. */
  get shown(): { view: View; mode: RenderMode; contrast: Contrast } {
    return { view: this.#view, mode: this.#mode, contrast: this.#contrast() };
  }

  /** A small square of the picture for lists, when all molecules are drawn. */
  async thumbnail(): Promise<Blob | null> {
    const until = performance.now() + THUMBNAIL_PATIENCE_MS;
    while (this.#busy && performance.now() < until) {
      await new Promise((after) => setTimeout(after, 30));
    }
    const { width, height } = this.#done;
    if (width === 0 || height === 0) return null;
    const small = document.createElement("canvas");
    small.width = 192;
    small.height = 192;
    const context = small.getContext("2d");
    const side = Math.min(width, height);
    if (context !== null) {
      // The brightest of the pixels that become one: an average would lose single molecules.
      context.imageSmoothingEnabled = false;
      context.globalCompositeOperation = "lighten";
      const step = side / 192;
      const copies = Math.max(1, Math.ceil(step));
      for (let copy = 0; copy < copies * copies; copy += 1) {
        const x = (width - side) / 2 + ((copy % copies) * step) / copies;
        const y = (height - side) / 2 + (Math.floor(copy / copies) * step) / copies;
        context.drawImage(this.#done, x, y, side, side, 0, 0, 192, 192);
      }
    }
    return new Promise((made) => small.toBlob((blob) => made(blob)));
  }

  end(): void {
    this.#ended = true;
    this.#watcher.disconnect();
  }

  #tools(): HTMLElement {
    const maps = element(
      "select",
      { aria: { label: "Colours" } },
      ...COLOUR_MAPS.map(([value, words]) => element("option", { value }, words)),
    );
    maps.value = preferences.values.colourMap;
    maps.addEventListener("change", () => {
      preferences.set({ colourMap: maps.value as ColourMap });
      this.#recolour();
    });
    const brightness = element("input", {
      type: "range",
      min: "-3",
      max: "3",
      step: "0.1",
      value: "0",
      aria: { label: "Brightness" },
    });
    brightness.addEventListener("input", () => {
      this.#brightness = 2 ** brightness.valueAsNumber;
      this.#recolour();
    });
    return element(
      "div",
      { class: "picture-tools" },
      segmented<RenderMode>(
        "Drawn as",
        [
          ["gaussian", "Gaussian"],
          ["histogram", "Histogram"],
        ],
        this.#mode,
        (mode) => {
          this.#mode = mode;
          preferences.set({ renderMode: mode });
          this.#picture.setView(this.#view, mode);
          this.#dirty = true;
          this.#ask();
        },
      ),
      maps,
      element(
        "div",
        { class: "brightness" },
        element("span", { class: "hint", aria: { hidden: "true" } }, "Brightness"),
        brightness,
      ),
    );
  }

  #resized(): void {
    const { width, height } = this.#stage.getBoundingClientRect();
    if (width < 8 || height < 8) return;
    this.#scale = Math.min(window.devicePixelRatio || 1, MOST_SCREEN_SCALE);
    const next = {
      width: Math.round(width * this.#scale),
      height: Math.round(height * this.#scale),
    };
    if (next.width === this.#canvas.width && next.height === this.#canvas.height) return;
    this.#canvas.width = next.width;
    this.#canvas.height = next.height;
    if (this.#fitted) this.showAll();
    else this.#setView(resized(this.#view, next.width, next.height));
  }

  #setView(view: View): void {
    this.#view = view;
    this.#picture.setView(view, this.#mode);
    this.#dirty = true;
    this.#paint();
    this.#ask();
  }

  /** @param factor over 1 goes closer; the point at (x, y), canvas px, stays */
  #zoomBy(factor: number, x = this.#canvas.width / 2, y = this.#canvas.height / 2): void {
    const { widthNm, heightNm } = this.#field;
    const { width, height } = this.#view;
    const farthestNm = (1.5 * Math.max(widthNm, heightNm)) / Math.min(width, height);
    this.#fitted = false;
    this.#setView(zoomed(this.#view, factor, x, y, farthestNm));
  }

  /** @param x, y by how much the picture moves, canvas px */
  #panBy(x: number, y: number): void {
    this.#fitted = false;
    this.#setView(panned(this.#view, x, y));
  }

  #gestures(): void {
    const canvas = this.#canvas;
    const at = (event: PointerEvent | WheelEvent): { x: number; y: number } => {
      const box = canvas.getBoundingClientRect();
      return {
        x: (event.clientX - box.left) * this.#scale,
        y: (event.clientY - box.top) * this.#scale,
      };
    };
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.#pointers.set(event.pointerId, at(event));
    });
    canvas.addEventListener("pointermove", (event) => {
      const before = this.#pointers.get(event.pointerId);
      if (before === undefined) return;
      const now = at(event);
      if (this.#pointers.size === 2) {
        for (const [id, other] of this.#pointers) {
          if (id === event.pointerId) continue;
          const apart = Math.hypot(now.x - other.x, now.y - other.y);
          const was = Math.hypot(before.x - other.x, before.y - other.y);
          if (was > 1) this.#zoomBy(apart / was, other.x, other.y);
        }
      } else if (this.#pointers.size === 1) {
        this.#panBy(now.x - before.x, now.y - before.y);
      }
      this.#pointers.set(event.pointerId, now);
    });
    for (const name of ["pointerup", "pointercancel"] as const) {
      canvas.addEventListener(name, (event) => this.#pointers.delete(event.pointerId));
    }
    canvas.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        const { x, y } = at(event);
        this.#zoomBy(WHEEL_STEP ** -event.deltaY, x, y);
      },
      { passive: false },
    );
    canvas.addEventListener("dblclick", (event) => {
      const box = canvas.getBoundingClientRect();
      this.#zoomBy(
        BUTTON_STEP * BUTTON_STEP,
        (event.clientX - box.left) * this.#scale,
        (event.clientY - box.top) * this.#scale,
      );
    });
    canvas.addEventListener("keydown", (event) => {
      const step = 0.1 * canvas.width;
      const moves: Record<string, () => void> = {
        ArrowLeft: () => this.#panBy(step, 0),
        ArrowRight: () => this.#panBy(-step, 0),
        ArrowUp: () => this.#panBy(0, step),
        ArrowDown: () => this.#panBy(0, -step),
        "+": () => this.#zoomBy(BUTTON_STEP),
        "=": () => this.#zoomBy(BUTTON_STEP),
        "-": () => this.#zoomBy(1 / BUTTON_STEP),
        "0": () => this.showAll(),
      };
      const move = moves[event.key];
      if (move === undefined) return;
      event.preventDefault();
      move();
    });
  }

  #recolour(): void {
    this.#dirty = true;
    this.#ask();
  }

  #contrast(): Contrast {
    const { colourMap } = preferences.values;
    const top =
      this.#brightness === 1 ? null : usualTop(this.#picture.brightness) / this.#brightness;
    return { colourMap, top, gamma: GAMMA };
  }

  get #busy(): boolean {
    return this.#asked || this.#dirty;
  }

  #ask(): void {
    if (this.#asked || this.#ended) return;
    this.#asked = true;
    requestAnimationFrame(() => {
      this.#asked = false;
      if (!this.#ended) this.#tick();
    });
  }

  #tick(): void {
    const table = this.#table;
    if (table === null || this.#canvas.width === 0) return;
    const before = this.#picture.drawn;
    const all = this.#picture.draw(table, DRAW_BUDGET_MS);
    this.#dirty ||= this.#picture.drawn !== before;
    const now = performance.now();
    // What is half drawn is shown as well, but colouring is too dear for every frame.
    if (this.#dirty && (all || now - this.#drawnAt > GROW_EVERY_MS)) {
      this.#drawnAt = now;
      const picture = this.#picture.colours(this.#contrast());
      this.#done.width = picture.width;
      this.#done.height = picture.height;
      this.#done.getContext("2d")?.putImageData(picture, 0, 0);
      this.#doneView = this.#picture.view;
      this.#dirty = false;
      this.#paint();
    }
    if (!all || this.#dirty) this.#ask();
  }

  /** Puts the last finished picture where the view now is: moving costs nothing. */
  #paint(): void {
    const context = this.#context;
    const view = this.#view;
    const done = this.#doneView;
    context.fillStyle = "#000000";
    context.fillRect(0, 0, this.#canvas.width, this.#canvas.height);
    const scale = done.nmPerPixel / view.nmPerPixel;
    context.imageSmoothingEnabled = scale < 4;
    if (this.#done.width > 0) {
      context.drawImage(
        this.#done,
        (done.x0Nm - view.x0Nm) / view.nmPerPixel,
        (done.y0Nm - view.y0Nm) / view.nmPerPixel,
        this.#done.width * scale,
        this.#done.height * scale,
      );
    }
    const bar = scaleBar(view.nmPerPixel, view.width);
    this.#bar.style.width = `${bar.lengthPx / this.#scale}px`;
    this.#barWords.textContent = bar.label;
    this.#zoomWords.textContent = `${Number(view.nmPerPixel.toPrecision(2))} nm/px`;
  }
}
