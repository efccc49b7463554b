/** One recording or result in a list. */

import { type LibraryItem, library } from "../storage/library.ts";
import { element } from "./element.ts";
import { icon } from "./icons.ts";
import { bytesText, clockText, countText, dateText, lengthText } from "./words.ts";

const KINDS = {
  recording: "Recording",
  dark: "Dark clip",
  flat: "Still clip",
  result: "Result",
} as const;

/** What kind of item, in words. */
export function kindText(item: LibraryItem): string {
  return KINDS[item.kind];
}

/** What matters most about it, in one line. */
export function itemLine(item: LibraryItem): string {
  if (item.result !== null) {
    const { molecules, frames, resolutionNm } = item.result;
    const parts = [`${countText(molecules)} molecules`, `${countText(frames)} frames`];
    if (resolutionNm !== null) parts.push(`FRC ${lengthText(resolutionNm)}`);
    return parts.join(" · ");
  }
  if (item.recording !== null) {
    const { frames, durationS, width, height, dropped } = item.recording;
    const parts = [`${width} × ${height}`, `${countText(frames)} frames`, clockText(durationS)];
    if (dropped > 0) parts.push(`${dropped} dropped`);
    return parts.join(" · ");
  }
  return bytesText(item.sizeBytes);
}

/** The item as a line of a list; a link to its screen. */
export function itemCard(item: LibraryItem): HTMLElement {
  const picture = element(
    "span",
    { class: "item-picture" },
    icon(item.kind === "result" ? "molecules" : "film"),
  );
  void library.thumbnail(item.id).then((file) => {
    if (file === null) return;
    const image = new Image();
    image.alt = "";
    image.src = URL.createObjectURL(file);
    image.onload = (): void => URL.revokeObjectURL(image.src);
    picture.replaceChildren(image);
  });
  return element(
    "li",
    {},
    element(
      "a",
      { class: "item", href: `#/item/${item.id}` },
      picture,
      element(
        "span",
        { class: "item-words" },
        element("strong", {}, item.name),
        element("span", { class: "hint" }, itemLine(item)),
        element(
          "span",
          { class: "item-chips" },
          element("span", { class: "chip" }, kindText(item)),
          item.recording?.exact === true
            ? element("span", { class: "chip good" }, "bit for bit")
            : null,
          item.state === "interrupted"
            ? element("span", { class: "chip warn" }, "cut short, kept")
            : null,
          item.state === "open" ? element("span", { class: "chip accent" }, "running") : null,
          item.job !== null ? element("span", { class: "chip" }, "sent") : null,
          element("span", { class: "item-date" }, dateText(item.createdAt)),
        ),
      ),
      icon("next"),
    ),
  );
}
