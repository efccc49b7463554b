/** Numbers as a person reads them. */

/** `"1.4 GB"` */
export function bytesText(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let at = 0;
  while (value >= 1000 && at < units.length - 1) {
    value /= 1000;
    at += 1;
  }
  return `${value >= 100 || at === 0 ? Math.round(value) : value.toFixed(1)} ${units[at]}`;
}

/** `"2:05"`, `"1:00:09"` */
export function clockText(seconds: number): string {
  const whole = Math.floor(seconds);
  const parts = [Math.floor(whole / 60) % 60, whole % 60].map((part) =>
    String(part).padStart(2, "0"),
  );
  const hours = Math.floor(whole / 3600);
  return hours > 0 ? `${hours}:${parts.join(":")}` : parts.join(":").replace(/^0/, "");
}

/** `"12,345"` */
export function countText(count: number): string {
  return Math.round(count).toLocaleString("en");
}

/** `"Mon 23 Nov, 17:54"` in the person's own zone. */
export function dateText(iso: string): string {
  return new Date(iso).toLocaleString("en-GB", {
    weekday: "short",
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
  });
}

/** `"500 nm"`, `"2 µm"` */
export function lengthText(nm: number): string {
  if (nm >= 1e6) return `${Number((nm / 1e6).toPrecision(3))} mm`;
  if (nm >= 1e3) return `${Number((nm / 1e3).toPrecision(3))} µm`;
  return `${Number(nm.toPrecision(3))} nm`;
}

/** `"1 frame"`, `"2 frames"` */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`;
}

/** `"2026-11-23 17.54"`: a name for what is made now, that sorts and that every file system takes. */
export function nameNow(): string {
  const now = new Date();
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
  return `${day} ${two(now.getHours())}.${two(now.getMinutes())}`;
}
