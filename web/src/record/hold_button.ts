/** A button that has to be held: nothing is stopped by a touch of the sleeve. */

import { append, element } from "../screens/element.ts";
import { icon } from "../screens/icons.ts";

const HOLD_MS = 700;

/**
 * A round button that acts after being held for 0.7 s; held keys count as well.
 *
 * Screen readers and switches send plain clicks: these act at once, they are no accidents.
 */
export function holdButton(words: string, act: () => void): HTMLButtonElement {
  const made = element("button", { type: "button", class: "hold-button" });
  append(
    made,
    element("span", { class: "hold-ring", aria: { hidden: "true" } }),
    icon("stop"),
    element("span", { class: "visually-hidden" }, words),
  );
  let timer = 0;
  const start = (): void => {
    if (timer !== 0) return;
    made.classList.add("held");
    timer = window.setTimeout(() => {
      end();
      navigator.vibrate?.(40);
      act();
    }, HOLD_MS);
  };
  const end = (): void => {
    made.classList.remove("held");
    clearTimeout(timer);
    timer = 0;
  };
  made.addEventListener("pointerdown", (event) => {
    made.setPointerCapture(event.pointerId);
    start();
  });
  for (const name of ["pointerup", "pointercancel", "blur", "keyup"] as const) {
    made.addEventListener(name, end);
  }
  made.addEventListener("keydown", (event) => {
    if (event.key !== " " && event.key !== "Enter") return;
    event.preventDefault();
    start();
  });
  made.addEventListener("click", (event) => {
    // detail is 0 for clicks that no finger and no mouse made
    if (event.detail === 0) act();
  });
  made.addEventListener("contextmenu", (event) => event.preventDefault());
  return made;
}
