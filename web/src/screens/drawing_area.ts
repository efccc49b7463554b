/** A canvas that is as fine as the screen and takes the theme's colours. */

import { element } from "./element.ts";

/** Colours of the theme, by name. */
export function themeColour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** A canvas that tells when it has to be drawn again: its size or the theme changed. */
export class DrawingArea {
  readonly canvas: HTMLCanvasElement;
  readonly context: CanvasRenderingContext2D;
  /** size in CSS pixels */
  width = 0;
  height = 0;
  readonly #draw: () => void;
  readonly #watcher: ResizeObserver;
  #asked = false;

  constructor(label: string, draw: () => void) {
    this.canvas = element("canvas", { role: "img", aria: { label } });
    const context = this.canvas.getContext("2d");
    if (context === null) throw new Error("no 2d canvas");
    this.context = context;
    this.#draw = draw;
    this.#watcher = new ResizeObserver(() => this.#fit());
    this.#watcher.observe(this.canvas);
  }

  /** Draws at the next frame of the screen, once however often it is asked for. */
  ask(): void {
    if (this.#asked) return;
    this.#asked = true;
    requestAnimationFrame(() => {
      this.#asked = false;
      if (this.width > 0) this.#draw();
    });
  }

  /** What a screen reader says of it. */
  describe(words: string): void {
    this.canvas.setAttribute("aria-label", words);
  }

  end(): void {
    this.#watcher.disconnect();
  }

  #fit(): void {
    const { width, height } = this.canvas.getBoundingClientRect();
    if (width === 0) return;
    const scale = window.devicePixelRatio || 1;
    this.width = width;
    this.height = height;
    this.canvas.width = Math.round(width * scale);
    this.canvas.height = Math.round(height * scale);
    this.context.setTransform(scale, 0, 0, scale, 0, 0);
    this.ask();
  }
}
