/** Settings: look, offline use, what this device can do, version. */

import { APP_VERSION } from "../record/device_facts.ts";
import { preferences } from "../storage/preferences.ts";
import { askToKeep } from "../storage/quota.ts";
import { capabilities } from "./capabilities.ts";
import { element, fill } from "./element.ts";
import { icon } from "./icons.ts";
import { canInstall, install, installEvents, keepForOffline } from "./installing.ts";
import { attempt, button, type Screen, segmented, tell } from "./parts.ts";

export function settingsScreen(): Screen {
  const checks = element("ul", { class: "checks" });
  const installing = element("div", { class: "row" });
  const showInstalling = (): void => {
    fill(
      installing,
      canInstall()
        ? button("Install the app", { icon: "plus", kind: "primary", press: () => void install() })
        : null,
      button("Keep everything for offline use", {
        icon: "save",
        press: () =>
          attempt(async () => {
            await keepForOffline();
            await askToKeep();
            tell("good", "The network is stored too: everything works without a connection now.");
            void showChecks();
          }),
      }),
    );
  };
  const showChecks = async (): Promise<void> => {
    const found = await capabilities();
    fill(
      checks,
      ...found.map(({ name, state, detail }) =>
        element(
          "li",
          { class: `check ${state}` },
          icon(state === "yes" ? "check" : state === "no" ? "close" : "info"),
          element(
            "div",
            {},
            element("strong", {}, name),
            element(
              "span",
              { class: "visually-hidden" },
              { yes: ": yes. ", no: ": no. ", partly: ": partly. " }[state],
            ),
            element("p", { class: "hint" }, detail),
          ),
        ),
      ),
    );
  };
  showInstalling();
  void showChecks();
  const stop = installEvents.on("change", showInstalling);
  const root = element(
    "div",
    { class: "screen narrow" },
    element("div", { class: "screen-head" }, element("h1", {}, "Settings")),
    element(
      "section",
      { class: "card" },
      element("h2", {}, "Look"),
      segmented(
        "Look",
        [
          ["system", "As the device"],
          ["light", "Light"],
          ["dark", "Dark"],
        ],
        preferences.values.theme,
        (theme) => preferences.set({ theme }),
      ),
      element("p", { class: "hint" }, "Dark spares your eyes, and the sample, at the microscope."),
    ),
    element(
      "section",
      { class: "card" },
      element("h2", {}, "Recordings"),
      segmented<"exact" | "small">(
        "Recordings",
        [
          ["exact", "Lossless"],
          ["small", "H.264"],
        ],
        preferences.values.lossless ? "exact" : "small",
        (value) => preferences.set({ lossless: value === "exact" }),
      ),
      element(
        "p",
        { class: "hint" },
        "Lossless keeps every grey value where the device can. H.264 is smaller and loses faint molecules.",
      ),
    ),
    element(
      "section",
      { class: "card" },
      element("h2", {}, "Without a connection"),
      element(
        "p",
        { class: "hint" },
        "The app itself is stored when it is first opened. The network for localizing (about 3 MB) follows when it is first used, or now:",
      ),
      installing,
    ),
    element("section", { class: "card" }, element("h2", {}, "What this device can do"), checks),
    element(
      "p",
      { class: "hint" },
      `cellstorm app ${APP_VERSION}. Movies and results stay on this device until you share or send them.`,
    ),
  );
  return { root, title: "Settings", leave: stop };
}
