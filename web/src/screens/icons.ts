/** Line drawings, 24 px. */

const PATHS = {
  camera:
    "M4 8h3l1.5-2.5h7L17 8h3a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V9a1 1 0 0 1 1-1Z M12 17a3.8 3.8 0 1 0 0-7.6 3.8 3.8 0 0 0 0 7.6Z",
  molecules:
    "M12 6.2h.01 M17.2 8.6h.01 M18.4 14h.01 M14.6 18.2h.01 M9 18h.01 M5.6 13.8h.01 M6.9 8.5h.01 M12 12h.01",
  library: "M4 5h6v6H4z M14 5h6v6h-6z M4 14h6v5H4z M14 14h6v5h-6z",
  workstation: "M3 5h18v11H3z M9 20h6 M12 16v4",
  settings: "M4 7h9 M17 7h3 M15 5v4 M4 12h3 M11 12h9 M9 10v4 M4 17h11 M19 17h1 M17 15v4",
  film: "M4 5h16v14H4z M8 5v14 M16 5v14 M4 9.5h4 M4 14.5h4 M16 9.5h4 M16 14.5h4",
  folder: "M3 6.5h6l2 2.5h10v10H3z",
  up: "M12 19V5 M6 11l6-6 6 6",
  back: "M15 5l-7 7 7 7",
  next: "M9 5l7 7-7 7",
  close: "M6 6l12 12 M18 6L6 18",
  check: "M5 12.5l4.5 4.5L19 7.5",
  warning: "M12 4l9 16H3z M12 10v4.5 M12 17.3h.01",
  info: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Z M12 11v5.5 M12 7.8h.01",
  error: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Z M12 7.5v5.5 M12 16.2h.01",
  share: "M12 15V4 M8 7.5L12 3.5l4 4 M6 11H5v9h14v-9h-1",
  save: "M12 4v11 M7.5 11L12 15.5 16.5 11 M5 20h14",
  send: "M4 12l16-8-6 16-3-6.5z",
  trash: "M4 7h16 M9 7V4.5h6V7 M6.5 7l1 13h9l1-13 M10 11v5.5 M14 11v5.5",
  edit: "M4 20l1-4L16 5l3 3L8 19z",
  play: "M8 5l11 7-11 7z",
  pause: "M8 5v14 M16 5v14",
  stop: "M7 7h10v10H7z",
  plus: "M12 5v14 M5 12h14",
  minus: "M5 12h14",
  fit: "M4 9V4h5 M20 9V4h-5 M4 15v5h5 M20 15v5h-5",
  lock: "M6 11h12v9H6z M8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  torch: "M8 3h8v4l-2 3v11h-4V10L8 7z M12 13v2.5",
  focus: "M4 9V4h5 M20 9V4h-5 M4 15v5h5 M20 15v5h-5 M12 14.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5Z",
  contrast: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Z M12 3v18 M12 7.5h6.5 M12 12h8.8 M12 16.5h6.5",
  dark: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5Z",
  light:
    "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8Z M12 3v2 M12 19v2 M3 12h2 M19 12h2 M5.6 5.6l1.4 1.4 M17 17l1.4 1.4 M5.6 18.4L7 17 M17 7l1.4-1.4",
  flip: "M4 9a8 8 0 0 1 14.5-2.5L20 8 M20 3.5V8h-4.5 M20 15a8 8 0 0 1-14.5 2.5L4 16 M4 20.5V16h4.5",
  drift: "M4 18c3 0 3-5 6-5s3 3 5 0 2-8 5-8 M4 21h16",
  resolution: "M4 5v15h16 M6.5 8c4 0 4 9 8 9 1.5 0 2-1 5-1",
  calibrate: "M4 20L20 4 M4 14v6h6 M6 8h5 M8.5 5.5v5 M14 17h5",
} as const;

export type IconName = keyof typeof PATHS;

/** A drawing; hidden from screen readers, the words beside it say the same. */
export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", PATHS[name]);
  if (name === "molecules") path.setAttribute("stroke-width", "3.2");
  svg.appendChild(path);
  return svg;
}
