/** Library: everything that this device keeps, and the room that is left. */

import { type LibraryItem, library } from "../storage/library.ts";
import { roomLeft } from "../storage/quota.ts";
import { element, fill } from "./element.ts";
import { icon } from "./icons.ts";
import { itemCard } from "./item_card.ts";
import { errorNotice, notice, type Screen, segmented } from "./parts.ts";
import { bytesText } from "./words.ts";

type Shown = "all" | "recordings" | "results";

// Under this the next recording will not get far.
const LITTLE_ROOM_BYTES = 300e6;

export function libraryScreen(): Screen {
  const list = element("div", { class: "stack" });
  const room = element("div", { class: "library-room" });
  let shown: Shown = "all";
  let items: LibraryItem[] = [];
  const draw = (): void => {
    const kept = items.filter(
      (item) => shown === "all" || (item.kind === "result") === (shown === "results"),
    );
    if (kept.length === 0) {
      fill(
        list,
        element(
          "div",
          { class: "empty" },
          icon(shown === "results" ? "molecules" : "film"),
          element("p", {}, items.length === 0 ? "Nothing here yet." : "None of these yet."),
          element(
            "div",
            { class: "row" },
            element("a", { class: "button primary", href: "#/record" }, icon("camera"), "Record"),
            element("a", { class: "button", href: "#/localize" }, icon("film"), "Open a movie"),
          ),
        ),
      );
      return;
    }
    fill(list, element("ul", { class: "items" }, ...kept.map(itemCard)));
  };
  const load = async (): Promise<void> => {
    try {
      items = await library.list();
      draw();
    } catch (error) {
      fill(list, errorNotice(error));
    }
    const left = await roomLeft();
    if (left === null) return;
    const share = left.usedBytes / Math.max(left.usedBytes + left.leftBytes, 1);
    const bar = element("span", { class: "room-bar" });
    bar.style.width = `${Math.max(100 * share, 1)}%`;
    fill(
      room,
      element(
        "p",
        { class: "hint" },
        `${bytesText(left.usedBytes)} kept · ${bytesText(left.leftBytes)} left on this device`,
      ),
      element("div", { class: "bar", aria: { hidden: "true" } }, bar),
      left.leftBytes < LITTLE_ROOM_BYTES
        ? notice(
            "warn",
            "There is little room left.",
            "Export recordings, then delete them here, before you record again.",
          )
        : null,
    );
  };
  const root = element(
    "div",
    { class: "screen narrow" },
    element("div", { class: "screen-head" }, element("h1", {}, "Library")),
    segmented<Shown>(
      "Show",
      [
        ["all", "All"],
        ["recordings", "Recordings"],
        ["results", "Results"],
      ],
      shown,
      (value) => {
        shown = value;
        draw();
      },
    ),
    list,
    room,
  );
  void load();
  const stop = library.on("change", () => void load());
  return { root, title: "Library", leave: stop };
}
