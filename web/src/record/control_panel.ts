/** The camera's controls: a row of chips, and the slider of the one that is open. */

import type { CameraControls, Control } from "../camera/controls.ts";
import { controlText } from "../camera/controls.ts";
import { element, fill } from "../screens/element.ts";
import { button } from "../screens/parts.ts";

const SLIDER_STEPS = 1000;

/** The controls of one camera. */
export class ControlPanel {
  readonly root: HTMLElement;
  readonly #controls: CameraControls;
  readonly #chips = new Map<string, HTMLButtonElement>();
  readonly #drawer: HTMLElement;
  readonly #stop: () => void;
  readonly #timer: number;
  #open: Control | null = null;
  #refresh: () => void = () => undefined;

  constructor(controls: CameraControls) {
    this.#controls = controls;
    this.#drawer = element("div", { class: "control-drawer", id: "control-drawer", hidden: true });
    const chips = controls.controls.map((control) => this.#chip(control));
    this.root = element(
      "div",
      { class: "controls" },
      chips.length > 0
        ? element(
            "div",
            { class: "control-chips", role: "toolbar", aria: { label: "Camera" } },
            ...chips,
          )
        : element(
            "p",
            { class: "hint" },
            "This browser gives no control over exposure, ISO or focus: the camera chooses. Chrome on Android gives more.",
          ),
      this.#drawer,
    );
    this.#stop = controls.on("change", () => this.show());
    // Automatic exposure and focus wander by themselves.
    this.#timer = window.setInterval(() => this.show(), 1000);
    this.show();
  }

  /** Reads everything back from the camera and shows it. */
  show(): void {
    for (const control of this.#controls.controls) {
      const chip = this.#chips.get(control.name);
      if (chip === undefined) continue;
      const state = this.#controls.state(control);
      const value = chip.querySelector<HTMLElement>(".control-value");
      if (value) value.textContent = controlText(control, state.value);
      const mode = chip.querySelector<HTMLElement>(".control-mode");
      if (mode) {
        mode.textContent = state.refused !== null ? "not taken" : state.automatic ? "auto" : "";
      }
      chip.classList.toggle("refused", state.refused !== null);
    }
    this.#refresh();
  }

  end(): void {
    this.#stop();
    clearInterval(this.#timer);
  }

  #chip(control: Control): HTMLElement {
    const chip = element(
      "button",
      {
        type: "button",
        class: "control-chip",
        aria: { expanded: "false", controls: "control-drawer" },
        data: { control: control.name },
        on: { click: () => this.#press(control) },
      },
      element("span", { class: "control-name" }, control.label),
      element("span", { class: "control-value" }, "–"),
      element("span", { class: "control-mode" }),
    );
    if (control.kind === "switch") {
      chip.removeAttribute("aria-expanded");
      chip.removeAttribute("aria-controls");
    }
    this.#chips.set(control.name, chip);
    return chip;
  }

  #press(control: Control): void {
    if (control.kind === "switch") {
      const on = this.#controls.state(control).value === true;
      void this.#controls.set(control, !on);
      this.#chips.get(control.name)?.setAttribute("aria-pressed", String(!on));
      return;
    }
    this.#open = this.#open === control ? null : control;
    for (const [name, chip] of this.#chips) {
      if (chip.hasAttribute("aria-expanded")) {
        chip.setAttribute("aria-expanded", String(name === this.#open?.name));
      }
    }
    this.#drawer.hidden = this.#open === null;
    if (this.#open !== null) this.#fillDrawer(this.#open);
  }

  #fillDrawer(control: Control): void {
    const slider = element("input", {
      type: "range",
      min: "0",
      max: String(SLIDER_STEPS),
      step: "1",
      id: "control-slider",
    });
    const shown = element("output", { for: "control-slider", class: "control-now" });
    const note = element("p", { class: "hint" });
    const automatic = this.#controls.hasAutomatic(control)
      ? button("Automatic", {
          kind: "small",
          press: () => void this.#controls.set(control, null),
        })
      : null;
    const nudge = (direction: number): void => {
      const at = Math.min(Math.max(slider.valueAsNumber + direction * 10, 0), SLIDER_STEPS);
      let value = fromSlider(control, at);
      const now = this.#controls.state(control).value;
      // At the fine end ten slider steps can be less than the camera's own step.
      if (typeof now === "number" && Math.abs(value - now) < control.step) {
        value = inRange(control, now + direction * control.step);
      }
      void this.#controls.set(control, value);
    };
    this.#refresh = (): void => {
      const { value, refused } = this.#controls.state(control);
      if (typeof value === "number" && document.activeElement !== slider) {
        slider.value = String(toSlider(control, value));
      }
      shown.textContent = controlText(control, value);
      slider.setAttribute("aria-valuetext", shown.textContent);
      note.textContent =
        refused !== null
          ? `You asked for ${controlText(control, refused)}; the camera took ${controlText(control, value)}.`
          : `${controlText(control, control.least)} to ${controlText(control, control.most)}`;
    };
    slider.addEventListener("input", () => {
      shown.textContent = controlText(control, fromSlider(control, slider.valueAsNumber));
    });
    slider.addEventListener("change", () => {
      const value = fromSlider(control, slider.valueAsNumber);
      void this.#controls.set(control, value).then(() => this.#refresh());
    });
    fill(
      this.#drawer,
      element(
        "div",
        { class: "row spread" },
        element("label", { for: "control-slider" }, control.label),
        shown,
        automatic,
      ),
      element(
        "div",
        { class: "slider-row" },
        button("Less", { icon: "minus", kind: "small", iconOnly: true, press: () => nudge(-1) }),
        slider,
        button("More", { icon: "plus", kind: "small", iconOnly: true, press: () => nudge(1) }),
      ),
      note,
    );
    this.#refresh();
  }
}

function toSlider(control: Control, value: number): number {
  const { least, most } = control;
  const share = control.logarithmic
    ? Math.log(Math.max(value, least) / least) / Math.log(most / least)
    : (value - least) / (most - least);
  return Math.round(Math.min(Math.max(share, 0), 1) * SLIDER_STEPS);
}

function fromSlider(control: Control, at: number): number {
  const { least, most } = control;
  const share = at / SLIDER_STEPS;
  return inRange(
    control,
    control.logarithmic ? least * (most / least) ** share : least + share * (most - least),
  );
}

function inRange(control: Control, value: number): number {
  const { least, most, step } = control;
  const rounded = least + Math.round((value - least) / step) * step;
  return Number(Math.min(Math.max(rounded, least), most).toPrecision(9));
}
