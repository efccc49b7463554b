/** Addresses after the #: which screen they name, and changing from one to the next. */

import { type Screen, tellError } from "./parts.ts";

/** Makes the screen for the parts of an address after its first: `#/item/4f0c` gives `["4f0c"]`. */
export type ScreenMaker = (parts: string[]) => Screen | Promise<Screen>;

/** Shows one screen at a time. */
export class Router {
  readonly #place: HTMLElement;
  readonly #makers: Record<string, ScreenMaker>;
  readonly #changed: (name: string) => void;
  #screen: Screen | null = null;
  #turn = 0;

  /**
   * @param place where screens are put
   * @param makers one for every first part of an address; `""` is the first screen
   * @param changed is told the first part
   */
  constructor(
    place: HTMLElement,
    makers: Record<string, ScreenMaker>,
    changed: (name: string) => void,
  ) {
    this.#place = place;
    this.#makers = makers;
    this.#changed = changed;
    window.addEventListener("hashchange", () => void this.show());
  }

  /** Shows the screen of the page's address. */
  async show(): Promise<void> {
    const parts = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
    const name = parts[0] in this.#makers ? parts[0] : "";
    this.#turn += 1;
    const turn = this.#turn;
    this.#screen?.leave?.();
    this.#screen = null;
    try {
      const screen = await this.#makers[name](parts.slice(1));
      if (turn !== this.#turn) {
        screen.leave?.();
        return;
      }
      this.#screen = screen;
      this.#place.replaceChildren(screen.root);
      document.title = `${screen.title} · cellstorm`;
      this.#changed(name);
      window.scrollTo(0, 0);
      screen.root.tabIndex = -1;
      // The first screen of a visit leaves the focus where the browser put it.
      if (turn > 1) screen.root.focus({ preventScroll: true });
    } catch (error) {
      tellError(error);
      if (name !== "") location.hash = "#/";
    }
  }
}

/** Goes to an address. */
export function go(address: string): void {
  location.hash = address;
}
