/** One tap to the workstation, and the result back: the card on a recording's screen. */

import type { LibraryItem } from "../storage/library.ts";
import { chosenJobSettings, type Transfer, transfers } from "../workstation/transfers.ts";
import { Workstation } from "../workstation/workstation.ts";
import { element, fill } from "./element.ts";
import { icon } from "./icons.ts";
import { JobForm } from "./job_form.ts";
import { button, errorNotice } from "./parts.ts";

/** @param ends is given what to end when the screen is left; the transfer itself goes on */
export function transferCard(item: LibraryItem, ends: (() => void)[]): HTMLElement {
  const place = element("div", { class: "stack" });
  const form = new JobForm(Workstation.chosen());
  const how = element("details", {}, element("summary", {}, "Method, pixel, camera"), form.root);
  const send = (words: string): HTMLElement =>
    button(words, {
      icon: "send",
      kind: "wide",
      press: () => transfers.start(item, chosenJobSettings()),
    });
  const show = (transfer: Transfer | null): void => {
    if (transfer === null) {
      fill(
        place,
        element(
          "p",
          { class: "hint" },
          "The computer that runs “cellstorm serve” does the full analysis; the result comes back here.",
        ),
        send(item.job === null ? "Send to the workstation" : "Ask the workstation again"),
        how,
      );
    } else if (transfer.stage === "done") {
      fill(
        place,
        element(
          "a",
          { class: "button primary wide", href: `#/item/${transfer.resultId ?? ""}` },
          icon("molecules"),
          "Look at the result",
        ),
      );
    } else transferState(place, transfer, send);
  };
  ends.push(
    transfers.on("change", (transfer) => {
      if (transfer.itemId === item.id) show(transfer);
    }),
  );
  show(transfers.of(item.id));
  return element("section", { class: "card" }, element("h2", {}, "Workstation"), place);
}

/** A transfer that is under way or failed, with what can be done about it. */
export function transferState(
  place: HTMLElement,
  transfer: Transfer,
  send: (words: string) => HTMLElement,
): void {
  if (transfer.stage === "failed") {
    fill(
      place,
      transfer.error === null ? null : errorNotice(transfer.error),
      send("Go on"),
      element("a", { class: "button quiet wide", href: "#/workstation" }, "Set up the workstation"),
    );
    return;
  }
  const bar = element("progress", { max: "1", aria: { label: "Progress" } });
  if (transfer.share !== null) bar.value = transfer.share;
  fill(
    place,
    element("p", { role: "status" }, transfer.words),
    bar,
    button("Stop", {
      icon: "stop",
      kind: "wide",
      press: () => transfers.stop(transfer.itemId),
    }),
  );
}
