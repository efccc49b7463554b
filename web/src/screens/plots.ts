/** Small plots: a histogram of grey values, a histogram of a column, a curve. */

import type { ExposureStatistics, GreyRange } from "../camera/exposure_statistics.ts";
import { LINEAR_LIMIT_GREY } from "../camera/exposure_statistics.ts";
import { DrawingArea, themeColour } from "./drawing_area.ts";
import { element } from "./element.ts";
import { countText } from "./words.ts";

const AXIS_PX = 18;
const LETTERS = "12px system-ui, sans-serif";

/** Histogram of a region's grey values, logarithmic, with what is clipped or not linear. */
export class GreyHistogram {
  readonly root: HTMLElement;
  readonly #area: DrawingArea;
  #statistics: ExposureStatistics | null = null;
  #range: GreyRange = { black: 0, white: 255 };

  constructor() {
    this.#area = new DrawingArea("Histogram of the region's grey values", () => this.#draw());
    this.root = element("div", { class: "plot grey-histogram" }, this.#area.canvas);
  }

  show(statistics: ExposureStatistics, range: GreyRange): void {
    this.#statistics = statistics;
    this.#range = range;
    this.#area.describe(
      `Histogram of the region: mean grey value ${Math.round(statistics.meanGrey)}, ` +
        `${(100 * statistics.clippedShare).toFixed(1)} % clipped, ` +
        `${(100 * statistics.saturatedShare).toFixed(1)} % saturated`,
    );
    this.#area.ask();
  }

  end(): void {
    this.#area.end();
  }

  #draw(): void {
    const { context, width, height } = this.#area;
    const bottom = height - AXIS_PX;
    context.clearRect(0, 0, width, height);
    context.fillStyle = themeColour("bad-soft");
    const limit = Math.min(LINEAR_LIMIT_GREY, this.#range.white);
    const at = (grey: number): number => (grey / 255) * width;
    context.fillRect(at(limit), 0, width - at(limit), bottom);
    context.fillRect(0, 0, at(this.#range.black) + 1, bottom);
    const statistics = this.#statistics;
    if (statistics !== null) {
      const tallest = Math.log1p(Math.max(...statistics.histogram));
      context.fillStyle = themeColour("accent");
      for (let grey = 0; grey < 256; grey += 1) {
        const tall = (Math.log1p(statistics.histogram[grey]) / tallest) * (bottom - 4);
        context.fillRect(at(grey), bottom - tall, width / 256 + 0.5, tall);
      }
    }
    context.strokeStyle = themeColour("line");
    context.beginPath();
    context.moveTo(0, bottom + 0.5);
    context.lineTo(width, bottom + 0.5);
    context.stroke();
    context.fillStyle = themeColour("soft");
    context.font = LETTERS;
    context.textBaseline = "bottom";
    context.textAlign = "left";
    context.fillText("0", 0, height);
    context.textAlign = "right";
    context.fillText("255", width, height);
    context.textAlign = "center";
    context.fillText(String(limit), Math.min(at(limit), width - 44), height);
  }
}

/** Histogram of a column: most of it, from zero on, with its median marked. */
export class ColumnHistogram {
  readonly root: HTMLElement;
  readonly #area: DrawingArea;
  readonly #median: HTMLElement;
  readonly #name: string;
  readonly #unit: string;
  #counts = new Uint32Array(0);
  #top = 1;
  #middle = 0;

  constructor(name: string, unit: string) {
    this.#name = name;
    this.#unit = unit;
    this.#median = element("span", { class: "plot-value" });
    this.#area = new DrawingArea(`Histogram: ${name}`, () => this.#draw());
    this.root = element(
      "figure",
      { class: "plot" },
      element("figcaption", {}, element("span", {}, name), this.#median),
      this.#area.canvas,
    );
  }

  /** Takes every how-manyth value, so that a long table costs no more than a short one. */
  show(values: ArrayLike<number>): void {
    const stride = Math.max(1, Math.floor(values.length / 20_000));
    const taken: number[] = [];
    for (let at = 0; at < values.length; at += stride) {
      const value = values[at];
      if (Number.isFinite(value)) taken.push(value);
    }
    taken.sort((a, b) => a - b);
    if (taken.length === 0) return;
    this.#middle = taken[taken.length >> 1];
    // The longest two in a hundred would press the rest against the axis.
    this.#top = niceCeiling(taken[Math.floor(0.98 * (taken.length - 1))]);
    this.#counts = new Uint32Array(40);
    for (const value of taken) {
      const bin = Math.floor((value / this.#top) * this.#counts.length);
      if (bin >= 0 && bin < this.#counts.length) this.#counts[bin] += 1;
    }
    this.#median.textContent = `median ${shortNumber(this.#middle)} ${this.#unit}`;
    this.#area.describe(
      `Histogram: ${this.#name}, median ${shortNumber(this.#middle)} ${this.#unit}`,
    );
    this.#area.ask();
  }

  end(): void {
    this.#area.end();
  }

  #draw(): void {
    const { context, width, height } = this.#area;
    const bottom = height - AXIS_PX;
    context.clearRect(0, 0, width, height);
    const tallest = Math.max(...this.#counts, 1);
    const step = width / Math.max(this.#counts.length, 1);
    context.fillStyle = themeColour("accent");
    this.#counts.forEach((count, at) => {
      const tall = (count / tallest) * (bottom - 4);
      context.fillRect(at * step + 0.5, bottom - tall, Math.max(step - 1, 1), tall);
    });
    context.strokeStyle = themeColour("text");
    context.setLineDash([3, 3]);
    const median = (this.#middle / this.#top) * width;
    context.beginPath();
    context.moveTo(median, 0);
    context.lineTo(median, bottom);
    context.stroke();
    context.setLineDash([]);
    axis(context, width, height, "0", `${shortNumber(this.#top)} ${this.#unit}`);
  }
}

/** A curve of a number per frame (or whatever), the whole length on the width. */
export class Curve {
  readonly root: HTMLElement;
  readonly #area: DrawingArea;
  readonly #value: HTMLElement;
  readonly #name: string;
  readonly #unit: string;
  #points: { x: ArrayLike<number>; y: ArrayLike<number> }[] = [];
  #left = "0";
  #right = "";
  #level: number | null = null;

  constructor(name: string, unit = "") {
    this.#name = name;
    this.#unit = unit;
    this.#value = element("span", { class: "plot-value" });
    this.#area = new DrawingArea(name, () => this.#draw());
    this.root = element(
      "figure",
      { class: "plot" },
      element("figcaption", {}, element("span", {}, name), this.#value),
      this.#area.canvas,
    );
  }

  /**
   * @param curves each in a colour of its own
   * @param ends what is written at the ends of the horizontal axis
   * @param value what stands beside the name
   * @param level a horizontal line, as the threshold of a ring correlation
   */
  show(
    curves: { x: ArrayLike<number>; y: ArrayLike<number> }[],
    ends: [string, string],
    value: string,
    level: number | null = null,
  ): void {
    this.#points = curves;
    [this.#left, this.#right] = ends;
    this.#level = level;
    this.#value.textContent = value;
    this.#area.describe(`${this.#name}: ${value}`);
    this.#area.ask();
  }

  end(): void {
    this.#area.end();
  }

  #draw(): void {
    const { context, width, height } = this.#area;
    const bottom = height - AXIS_PX;
    context.clearRect(0, 0, width, height);
    let most = this.#level ?? 0;
    let least = 0;
    let first = Number.POSITIVE_INFINITY;
    let last = Number.NEGATIVE_INFINITY;
    for (const { x, y } of this.#points) {
      for (let at = 0; at < y.length; at += 1) {
        most = Math.max(most, y[at]);
        least = Math.min(least, y[at]);
      }
      if (x.length > 0) {
        first = Math.min(first, x[0]);
        last = Math.max(last, x[x.length - 1]);
      }
    }
    if (most === least) most = least + 1;
    const across = (value: number): number => ((value - first) / (last - first || 1)) * width;
    const up = (value: number): number =>
      bottom - 2 - ((value - least) / (most - least)) * (bottom - 8);
    if (least < 0 || this.#level !== null) {
      context.strokeStyle = themeColour("line");
      context.beginPath();
      context.moveTo(0, up(this.#level ?? 0));
      context.lineTo(width, up(this.#level ?? 0));
      context.stroke();
    }
    const colours = [themeColour("accent"), themeColour("good")];
    this.#points.forEach(({ x, y }, which) => {
      context.strokeStyle = colours[which % colours.length];
      context.lineWidth = 1.6;
      context.lineJoin = "round";
      context.beginPath();
      // More points than pixels are joined into their means.
      const group = Math.max(1, Math.floor(y.length / Math.max(width, 1)));
      for (let at = 0; at < y.length; at += group) {
        const end = Math.min(at + group, y.length);
        let sum = 0;
        for (let each = at; each < end; each += 1) sum += y[each];
        const height_ = up(sum / (end - at));
        if (at === 0) context.moveTo(across(x[at]), height_);
        else context.lineTo(across(x[at]), height_);
      }
      context.stroke();
    });
    context.fillStyle = themeColour("soft");
    context.font = LETTERS;
    context.textBaseline = "top";
    context.textAlign = "left";
    context.fillText(`${shortNumber(most)}${this.#unit ? ` ${this.#unit}` : ""}`, 2, 0);
    axis(context, width, height, this.#left, this.#right);
  }
}

function axis(
  context: CanvasRenderingContext2D,
  width: number,
  height: number,
  left: string,
  right: string,
): void {
  context.strokeStyle = themeColour("line");
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(0, height - AXIS_PX + 0.5);
  context.lineTo(width, height - AXIS_PX + 0.5);
  context.stroke();
  context.fillStyle = themeColour("soft");
  context.font = LETTERS;
  context.textBaseline = "bottom";
  context.textAlign = "left";
  context.fillText(left, 0, height);
  context.textAlign = "right";
  context.fillText(right, width, height);
}

/** The least of 1, 2, 2.5, 5 times a power of ten that is not under `value`. */
function niceCeiling(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  for (const step of [1, 2, 2.5, 5, 10]) if (step * power >= value) return step * power;
  return 10 * power;
}

function shortNumber(value: number): string {
  if (Math.abs(value) >= 1000) return countText(value);
  return String(Number(value.toPrecision(3)));
}
