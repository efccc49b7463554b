/** The app: the frame around the screens, the theme, and which address is which screen. */

import { prepareInstalling } from "./screens/installing.ts";
import "./styles/base.css";
import "./styles/record.css";
import "./styles/screens.css";
import { append, element } from "./screens/element.ts";
import { homeScreen } from "./screens/home_screen.ts";
import { type IconName, icon } from "./screens/icons.ts";
import { libraryScreen } from "./screens/library_screen.ts";
import { toastPlace } from "./screens/parts.ts";
import { Router } from "./screens/router.ts";
import { settingsScreen } from "./screens/settings_screen.ts";
import { preferences } from "./storage/preferences.ts";

const PLACES: readonly [string, IconName, string, string[]][] = [
  ["record", "camera", "Record", ["record", "calibrate"]],
  ["localize", "molecules", "Localize", ["localize"]],
  ["library", "library", "Library", ["library", "item"]],
  ["workstation", "workstation", "Workstation", ["workstation"]],
  ["settings", "settings", "Settings", ["settings"]],
];

function start(app: HTMLElement): void {
  followTheme();
  const links = PLACES.map(([name, symbol, words]) =>
    element("a", { href: `#/${name}`, data: { place: name } }, icon(symbol), words),
  );
  const nav = element(
    "nav",
    { class: "nav", aria: { label: "Screens" } },
    element(
      "a",
      { class: "brand", href: "#/", aria: { label: "cellstorm, home" } },
      element("img", { ...{ src: "icon.svg", alt: "" } } as never),
      "cellstorm",
    ),
    ...links,
  );
  const place = element("main", { id: "screen" });
  const skip = element("a", { class: "skip-link", href: "#screen" }, "Skip to the screen");
  skip.addEventListener("click", (event) => {
    // The address names screens; a jump must not change it.
    event.preventDefault();
    place.querySelector<HTMLElement>(".screen")?.focus();
  });
  app.classList.add("app");
  append(app, skip, place, nav, toastPlace());
  const router = new Router(
    place,
    {
      "": homeScreen,
      home: homeScreen,
      record: async (parts) => (await import("./screens/record_screen.ts")).recordScreen(parts),
      calibrate: async () => (await import("./screens/calibrate_screen.ts")).calibrateScreen(),
      localize: async (parts) =>
        (await import("./screens/localize_screen.ts")).localizeScreen(parts),
      library: libraryScreen,
      item: async (parts) => (await import("./screens/item_screen.ts")).itemScreen(parts),
      workstation: async (parts) =>
        (await import("./screens/workstation_screen.ts")).workstationScreen(parts),
      settings: settingsScreen,
    },
    (name) => {
      for (const link of links) {
        const entry = PLACES.find(([placeName]) => placeName === link.dataset.place);
        if (entry?.[3].includes(name)) link.setAttribute("aria-current", "page");
        else link.removeAttribute("aria-current");
      }
    },
  );
  void router.show();
  prepareInstalling();
}

/** Light or dark as the person chose, or as the device is. */
function followTheme(): void {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = (): void => {
    const { theme } = preferences.values;
    const shown = theme === "system" ? (dark.matches ? "dark" : "light") : theme;
    document.documentElement.dataset.theme = shown;
    document
      .querySelector('meta[name="theme-color"]')
      ?.setAttribute("content", shown === "dark" ? "#0e0b09" : "#faf6f1");
  };
  dark.addEventListener("change", apply);
  preferences.on("change", apply);
  apply();
}

const app = document.querySelector<HTMLElement>("#app");
if (app !== null) start(app);
