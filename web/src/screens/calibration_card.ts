/** A still clip's way to a measured camera: sent to the workstation, measured, brought back. */

import { type LibraryItem, library } from "../storage/library.ts";
import { preferences } from "../storage/preferences.ts";
import { download, fileName } from "../storage/sharing.ts";
import { CAMERA_FILES, calibrationOf, darkClipFor } from "../workstation/calibrations.ts";
import { type Transfer, transfers } from "../workstation/transfers.ts";
import { element, fill } from "./element.ts";
import { attempt, button, facts, notice, tell } from "./parts.ts";
import { transferState } from "./transfer_card.ts";

const WORDS: Record<string, string> = {
  "camera.yaml": "Save camera file",
  "camera.npz": "Save pixel maps",
  "camera.html": "Save page",
};

/**
 * @param still the clip that goes from dark to bright
 * @param ends is given what to end when the screen is left; the transfer itself goes on
 */
export function calibrationCard(still: LibraryItem, ends: (() => void)[]): HTMLElement {
  const place = element("div", { class: "stack" });
  const send = (words: string): HTMLElement =>
    button(words, {
      icon: "send",
      kind: "primary big wide",
      press: () => attempt(async () => transfers.calibrate(still, await darkClipFor(still))),
    });
  const show = (transfer: Transfer | null): void => {
    const known = calibrationOf(still);
    if (transfer !== null && transfer.stage !== "done") {
      transferState(place, transfer, send);
      return;
    }
    if (known === null) {
      fill(
        place,
        element(
          "p",
          { class: "hint" },
          "The computer that runs “cellstorm serve” measures the camera from this clip and the dark one, and its jobs can use it.",
        ),
        send("Measure on the workstation"),
      );
      return;
    }
    const chosen = preferences.values.jobCamera?.camera;
    const isChosen = typeof chosen === "object" && "job" in chosen && chosen.job === known.job;
    const saves = element("div", { class: "row" });
    fill(
      place,
      facts(
        known.quantities.map(({ name, value, error, unit }) => [
          name,
          `${value}${error === "" ? "" : ` ± ${error}`} ${unit}`,
        ]),
      ),
      ...known.notices.map((words) => notice("plain", words)),
      isChosen
        ? notice(
            "good",
            "Jobs on the workstation use this camera.",
            "It holds for this exposure and ISO.",
          )
        : button("Use it for jobs on the workstation", {
            kind: "primary wide",
            press: () => {
              preferences.set({ jobCamera: { name: still.name, camera: { job: known.job } } });
              tell("good", "Jobs on the workstation use this camera.");
              show(null);
            },
          }),
      saves,
    );
    attempt(async () => {
      const made: HTMLElement[] = [];
      for (const name of CAMERA_FILES) {
        const file = await library.file(still.id, name);
        if (file === null) continue;
        const stem = fileName(still.name, "").replace(/\.+$/, "");
        made.push(
          button(WORDS[name], {
            icon: "save",
            kind: "small",
            // The camera file names its maps: both keep the names that the workstation gave.
            press: () => download(file, `${stem}.${name}`),
          }),
        );
      }
      fill(saves, ...made);
    });
  };
  ends.push(
    transfers.on("change", (transfer) => {
      if (transfer.itemId === still.id) show(transfer);
    }),
  );
  show(transfers.of(still.id));
  return element("section", { class: "card" }, element("h2", {}, "Camera"), place);
}
