/** Numbers and times for people. Every function takes "now" as an argument: nothing here reads a clock. */

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export function bytes(count: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let value = count;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 || Number.isInteger(value) ? 0 : value >= 10 ? 1 : 1;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

/** An amount of money as its smallest units say it, in the reader's own way of writing: `$9.00`, `¥900`. Whole amounts lose their zeros. */
export function money({ amount, currency }: { amount: number; currency: string }): string {
  const exponent = new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits ?? 2;
  const value = amount / 10 ** exponent;
  return new Intl.NumberFormat("en", { style: "currency", currency, minimumFractionDigits: Number.isInteger(value) ? 0 : exponent }).format(value);
}

export function cores(millis: number): string {
  const value = millis / 1000;
  return `${Number.isInteger(value) ? value : value.toFixed(value < 0.1 ? 2 : 1).replace(/0$/, "").replace(/\.$/, "")} vCPU`;
}

/** How long something took: `under 0.1 s`, `0.4 s`, `12 s`, `3 min 5 s`, `2 h 10 min`, `3 d 4 h`. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds) / 1000;
  if (seconds > 0 && seconds < 0.05) return "under 0.1 s";
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < MINUTE) return `${whole} s`;
  if (whole < HOUR) return join(Math.floor(whole / MINUTE), "min", whole % MINUTE, "s");
  if (whole < DAY) return join(Math.floor(whole / HOUR), "h", Math.floor((whole % HOUR) / MINUTE), "min");
  return join(Math.floor(whole / DAY), "d", Math.floor((whole % DAY) / HOUR), "h");
}

function join(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

/** The age of something: `just now`, `5 s ago`, `3 min ago`. A time in the near future (another clock) is now. */
export function age(at: string, now: number): string {
  const seconds = Math.floor((now - Date.parse(at)) / 1000);
  if (Number.isNaN(seconds)) return "at an unknown time";
  if (seconds < 3) return "just now";
  if (seconds < MINUTE) return `${seconds} s ago`;
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min ago`;
  if (seconds < DAY) return `${Math.floor(seconds / HOUR)} h ago`;
  const days = Math.floor(seconds / DAY);
  return days === 1 ? "1 day ago" : `${days} days ago`;
}

/** What is left until `at`, or `null` when it is over. */
export function countdown(at: string, now: number): string | null {
  const left = Math.ceil((Date.parse(at) - now) / 1000);
  if (Number.isNaN(left) || left <= 0) return null;
  const two = (value: number): string => String(value).padStart(2, "0");
  if (left < HOUR) return `${Math.floor(left / MINUTE)}:${two(left % MINUTE)}`;
  if (left < DAY) return `${Math.floor(left / HOUR)} h ${two(Math.floor((left % HOUR) / MINUTE))} min`;
  return join(Math.floor(left / DAY), "d", Math.floor((left % DAY) / HOUR), "h");
}

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const date = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const both = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

const safely = (format: Intl.DateTimeFormat, at: string): string => (Number.isNaN(Date.parse(at)) ? "?" : format.format(new Date(at)));
export const timeOfDay = (at: string): string => safely(clock, at);
export const day = (at: string): string => safely(date, at);
export const moment = (at: string): string => safely(both, at);

/** `sha256:b031729057b3…` for a digest. */
export function shortDigest(digest: string): string {
  const [kind, hex] = digest.split(":");
  return hex === undefined ? digest.slice(0, 19) : `${kind}:${hex.slice(0, 12)}…`;
}

export function count(value: number, one: string, many: string = `${one}s`): string {
  return `${value} ${value === 1 ? one : many}`;
}
