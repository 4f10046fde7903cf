/** A bounded window of log lines: the page must not grow while an agent talks. */
import type { LogLine } from "../api/types";

export const MOST_LINES = 2000;

export interface NumberedLine extends LogLine {
  /** Grows with every line: the key on the page, also after older lines have gone. */
  number: number;
}

export interface LogWindow {
  lines: readonly NumberedLine[];
  /** How many lines have come in all. */
  total: number;
}

export const EMPTY: LogWindow = { lines: [], total: 0 };

export function appendLines(window: LogWindow, added: readonly LogLine[]): LogWindow {
  if (added.length === 0) return window;
  const numbered = added.map((line, place) => ({ ...line, number: window.total + place }));
  const lines = [...window.lines, ...numbered];
  return { lines: lines.length > MOST_LINES ? lines.slice(lines.length - MOST_LINES) : lines, total: window.total + added.length };
}

export type Level = "error" | "warn" | "info" | "debug";

/** Six levels of the wire, four colours. A line that says none is information. */
export function levelOf(line: LogLine): Level {
  switch (line.level) {
    case "error":
    case "fatal":
      return "error";
    case "warn":
      return "warn";
    case "debug":
    case "trace":
      return "debug";
    default:
      return "info";
  }
}

const RANK: Record<Level, number> = { error: 3, warn: 2, info: 1, debug: 0 };

export function filterLines(lines: readonly NumberedLine[], search: string, atLeast: Level): readonly NumberedLine[] {
  const wanted = search.trim().toLowerCase();
  if (wanted === "" && atLeast === "debug") return lines;
  return lines.filter(
    (line) => RANK[levelOf(line)] >= RANK[atLeast] && (wanted === "" || line.text.toLowerCase().includes(wanted) || (line.subsystem ?? "").toLowerCase().includes(wanted)),
  );
}

export function isLogLine(value: unknown): value is LogLine {
  if (typeof value !== "object" || value === null) return false;
  const { at, text } = value as Record<string, unknown>;
  return typeof at === "string" && typeof text === "string";
}

/** After a reconnection the server sends its tail again: what of it is new. The wire's times sort as text. */
export function notSeen(window: LogWindow, again: readonly LogLine[]): readonly LogLine[] {
  const last = window.lines.at(-1);
  if (last === undefined) return again;
  const same = new Set(window.lines.filter((line) => line.at === last.at).map((line) => line.text));
  return again.filter((line) => line.at > last.at || (line.at === last.at && !same.has(line.text)));
}
