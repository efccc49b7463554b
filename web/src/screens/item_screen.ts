import { element } from "./element.ts";
import type { Screen } from "./parts.ts";

export function itemScreen(_parts: string[] = []): Screen {
  return { root: element("div", { class: "screen" }, "soon"), title: "item" };
}
