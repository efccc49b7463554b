/** Parts that several screens are made of: buttons, notices, dialogs, segmented choices. */

import { AppError, plainError } from "../errors.ts";
import { append, element, type Properties } from "./element.ts";
import { type IconName, icon } from "./icons.ts";

/** A screen: what it shows, and what to end when the person leaves. */
export interface Screen {
  readonly root: HTMLElement;
  /** name in the title of the page and of the heading */
  readonly title: string;
  /** Ends streams, timers and locks. */
  leave?(): void;
}

/** A button with an icon and words. */
export function button(
  words: string,
  options: {
    icon?: IconName;
    kind?: string;
    press?: (event: MouseEvent) => void;
    /** shows the icon alone; the words are read out */
    iconOnly?: boolean;
    disabled?: boolean;
    aria?: Record<string, string>;
    data?: Record<string, string>;
  } = {},
): HTMLButtonElement {
  const properties: Properties = {
    type: "button",
    class: `button ${options.kind ?? ""} ${options.iconOnly ? "icon-only" : ""}`.trim(),
  };
  if (options.disabled) properties.disabled = true;
  if (options.press) properties.on = { click: options.press };
  if (options.aria) properties.aria = options.aria;
  if (options.data) properties.data = options.data;
  if (options.iconOnly) properties.title = words;
  const made = element("button", properties);
  if (options.icon) made.appendChild(icon(options.icon));
  append(made, options.iconOnly ? element("span", { class: "visually-hidden" }, words) : words);
  return made;
}

/** A link that looks like a button. */
export function linkButton(words: string, href: string, kind = "", name?: IconName): HTMLElement {
  return element("a", { class: `button ${kind}`, href }, name ? icon(name) : null, words);
}

type Tone = "bad" | "warn" | "good" | "plain";

const TONE_ICONS: Record<Tone, IconName> = {
  bad: "error",
  warn: "warning",
  good: "check",
  plain: "info",
};

/** What happened and what to do, with buttons that do it. */
export function notice(
  tone: Tone,
  what: string,
  todo = "",
  actions: HTMLElement[] = [],
): HTMLElement {
  return element(
    "div",
    { class: `notice ${tone}`, role: tone === "bad" ? "alert" : "status" },
    icon(TONE_ICONS[tone]),
    element(
      "div",
      {},
      element("p", { class: "what" }, what),
      todo ? element("p", {}, todo) : null,
      actions.length > 0 ? element("div", { class: "row" }, ...actions) : null,
    ),
  );
}

/** An error as a notice. */
export function errorNotice(error: unknown, actions: HTMLElement[] = []): HTMLElement {
  const { what, todo, where, kind } = plainError(error);
  const sentence = where ? `${where}: ${what}` : what;
  const advice =
    todo || (kind === "unexpected" ? "This is a fault of the app: reload it and try again." : "");
  return notice("bad", sentence, advice, actions);
}

const toasts = element("div", { class: "toasts", aria: { live: "polite" } });

/** The place where short messages appear; put into the page once. */
export function toastPlace(): HTMLElement {
  return toasts;
}

/** A short message that goes away by itself, unless it is an error. */
export function tell(tone: Tone, what: string, todo = ""): void {
  const made = notice(tone, what, todo);
  const away = (): void => made.remove();
  made.appendChild(
    button("Dismiss", { icon: "close", kind: "quiet small", iconOnly: true, press: away }),
  );
  toasts.replaceChildren(...[...toasts.children].slice(-2), made);
  if (tone !== "bad") setTimeout(away, 7000);
}

/** Shows an error that nothing on the screen has a place for. */
export function tellError(error: unknown): void {
  if (error instanceof AppError && error.kind === "cancelled") return;
  const { what, todo } = plainError(error);
  tell("bad", what, todo);
}

/** Runs something a button started; what goes wrong is shown. */
export function attempt(work: () => Promise<void>): void {
  work().catch(tellError);
}

/** One of a few choices, as a radio group that looks like a switch. */
export function segmented<T extends string>(
  label: string,
  choices: readonly (readonly [T, string])[],
  chosen: T,
  choose: (value: T) => void,
): HTMLElement & { select(value: T): void } {
  const buttons = choices.map(([value, words]) =>
    element("button", { type: "button", role: "radio", data: { value } }, words),
  );
  const select = (value: T): void => {
    for (const each of buttons) {
      const is = each.dataset.value === value;
      each.setAttribute("aria-checked", String(is));
      each.tabIndex = is ? 0 : -1;
    }
  };
  buttons.forEach((each, at) => {
    const value = choices[at][0];
    each.addEventListener("click", () => {
      select(value);
      choose(value);
    });
    each.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      const next = buttons[(at + step + buttons.length) % buttons.length];
      next.focus();
      next.click();
    });
  });
  select(chosen);
  const group = element(
    "div",
    { class: "segmented", role: "radiogroup", aria: { label } },
    ...buttons,
  );
  return Object.assign(group, { select });
}

/** Asks before something is done that cannot be undone. */
export function confirmed(question: string, detail: string, yes: string): Promise<boolean> {
  return new Promise((answer) => {
    const dialog = element("dialog", { aria: { label: question } });
    const end = (value: boolean): void => {
      dialog.close();
      dialog.remove();
      answer(value);
    };
    append(
      dialog,
      element("h2", {}, question),
      element("p", { class: "lead" }, detail),
      element(
        "div",
        { class: "row even" },
        button("Cancel", { press: () => end(false) }),
        button(yes, { kind: "danger", press: () => end(true) }),
      ),
    );
    dialog.addEventListener("cancel", () => end(false));
    document.body.appendChild(dialog);
    dialog.showModal();
  });
}

/** A number with its name and unit, for lists of numbers. */
export function numbers(rows: readonly (readonly [string, string, string?])[]): HTMLElement {
  return element(
    "dl",
    { class: "numbers" },
    ...rows.map(([name, value, unit]) =>
      element(
        "div",
        {},
        element("dt", {}, name),
        element("dd", {}, value, unit ? element("small", {}, ` ${unit}`) : null),
      ),
    ),
  );
}

/** Names and values, smaller. */
export function facts(rows: readonly (readonly [string, string])[]): HTMLElement {
  return element(
    "dl",
    { class: "facts" },
    ...rows.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]),
  );
}

/** Asks for one or several files. */
export function askForFiles(accept: string, multiple = false): Promise<File[]> {
  return new Promise((answer) => {
    const input = element("input", { type: "file", accept });
    input.multiple = multiple;
    input.addEventListener("change", () => answer([...(input.files ?? [])]));
    input.addEventListener("cancel", () => answer([]));
    input.click();
  });
}
