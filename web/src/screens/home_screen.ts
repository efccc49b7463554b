/** Home: the three things one comes for, and what was made last. */

import { insecure } from "../camera/camera.ts";
import { type LibraryItem, library } from "../storage/library.ts";
import { element, fill } from "./element.ts";
import { type IconName, icon } from "./icons.ts";
import { itemCard } from "./item_card.ts";
import { errorNotice, type Screen, tellError } from "./parts.ts";

const SHOWN_ITEMS = 4;

export function homeScreen(): Screen {
  const last = element("div", { class: "stack" });
  const choice = (href: string, name: IconName, title: string, words: string): HTMLElement =>
    element(
      "a",
      { class: "choice", href },
      element("span", { class: "choice-icon" }, icon(name)),
      element(
        "span",
        { class: "choice-words" },
        element("strong", {}, title),
        element("span", { class: "hint" }, words),
      ),
      icon("next"),
    );
  const root = element(
    "div",
    { class: "screen narrow home-screen" },
    element(
      "header",
      { class: "home-head" },
      element("img", { class: "home-mark", ...{ src: "icon.svg", alt: "" } } as never),
      element(
        "div",
        {},
        element("h1", {}, "cellstorm"),
        element("p", { class: "lead" }, "Blinking molecules in, a super-resolved picture out."),
      ),
    ),
    window.isSecureContext ? null : errorNotice(insecure()),
    element(
      "nav",
      { class: "choices", aria: { label: "What to do" } },
      choice("#/record", "camera", "Record", "Film blinking molecules, grey value by grey value"),
      choice("#/localize", "molecules", "Localize", "Open a movie and watch the picture grow"),
      choice("#/workstation", "workstation", "Workstation", "Let a computer do the long work"),
    ),
    last,
  );
  const show = async (): Promise<void> => {
    const items: LibraryItem[] = await library.list();
    if (items.length === 0) {
      fill(
        last,
        element(
          "p",
          { class: "hint home-empty" },
          "New here? Put the phone at the eyepiece, press Record, drag the frame over your cells. Everything stays on this device until you share it.",
        ),
      );
      return;
    }
    fill(
      last,
      element(
        "div",
        { class: "row spread" },
        element("h2", {}, "Latest"),
        element("a", { href: "#/library" }, "All"),
      ),
      element("ul", { class: "items" }, ...items.slice(0, SHOWN_ITEMS).map(itemCard)),
    );
  };
  show().catch(() => fill(last));
  const stop = library.on("change", () => void show().catch(tellError));
  return { root, title: "Home", leave: stop };
}
