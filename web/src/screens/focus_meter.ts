/** How sharp the region is now, beside the sharpest it has been: turn until they meet. */

import { element } from "./element.ts";

// Single frames are noisy: the mean of about the last half second.
const SMOOTHING = 0.3;

/** A bar that grows with sharpness and a mark at the best so far. */
export class FocusMeter {
  readonly root: HTMLElement;
  readonly #bar = element("span", { class: "focus-bar" });
  readonly #mark = element("span", { class: "focus-best" });
  readonly #value = element("output", { class: "focus-value" }, "–");
  readonly #meter: HTMLElement;
  #now: number | null = null;
  #best = 0;

  constructor() {
    this.#meter = element(
      "div",
      { class: "focus-track", role: "meter", aria: { label: "Sharpness", valuemin: "0" } },
      this.#bar,
      this.#mark,
    );
    this.root = element(
      "div",
      { class: "focus-meter" },
      element(
        "div",
        { class: "row spread" },
        element("span", { class: "label" }, "Sharpness"),
        this.#value,
        element(
          "button",
          {
            type: "button",
            class: "focus-reset",
            title: "Forget the best",
            on: { click: () => this.reset() },
          },
          "Reset",
        ),
      ),
      this.#meter,
    );
  }

  show(sharpness: number): void {
    this.#now = this.#now === null ? sharpness : this.#now + SMOOTHING * (sharpness - this.#now);
    this.#best = Math.max(this.#best, this.#now);
    const full = Math.max(1.15 * this.#best, 1e-6);
    this.#bar.style.width = `${(100 * this.#now) / full}%`;
    this.#mark.style.left = `${(100 * this.#best) / full}%`;
    this.#bar.classList.toggle("at-best", this.#now > 0.97 * this.#best);
    this.#value.textContent = short(this.#now);
    this.#value.title = `best so far: ${short(this.#best)}`;
    this.#meter.setAttribute("aria-valuenow", this.#now.toFixed(1));
    this.#meter.setAttribute("aria-valuemax", full.toFixed(1));
  }

  /** Another region or another field: the best was elsewhere. */
  reset(): void {
    this.#best = 0;
    this.#now = null;
  }
}

function short(value: number): string {
  return value.toFixed(value < 100 ? 1 : 0);
}
