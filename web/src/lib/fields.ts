/** From `problem.fields` to the inputs of a form. */
import type { FieldProblem } from "../api/types";

/** `channels[0].tokens["bot_token"]`, `channels.0.tokens.bot_token` and `/channels/0/tokens/bot_token` are one path. */
export function normalisePath(path: string): string {
  return path
    .replace(/^\$\.?/, "")
    .replace(/\[["']?([^\]"']+)["']?\]/g, ".$1")
    .replace(/\//g, ".")
    .replace(/^body\./, "")
    .replace(/^\.+|\.+$/g, "");
}

export interface Sorted {
  /** By the normalised path of an input that the form shows. */
  byField: Record<string, string>;
  /** What belongs to no input of this form: shown above it, so that nothing is lost. */
  rest: string[];
}

/**
 * Sorts the wrong fields of a problem to the inputs of a form. A path below a shown input belongs to that input
 * (`name.length` to `name`); among several inputs the longest path wins.
 */
export function sortFields(fields: readonly FieldProblem[], shown: readonly string[]): Sorted {
  const sorted: Sorted = { byField: {}, rest: [] };
  const targets = shown.map(normalisePath).sort((left, right) => right.length - left.length);
  for (const field of fields) {
    const path = normalisePath(field.path);
    const target = targets.find((candidate) => path === candidate || path.startsWith(`${candidate}.`));
    const text = field.message;
    if (target === undefined) sorted.rest.push(path === "" ? text : `${path}: ${text}`);
    else sorted.byField[target] = target in sorted.byField ? `${sorted.byField[target]}; ${text}` : text;
  }
  return sorted;
}

/** A sentence from what the API says of a field: it says "must be …", a form says "Must be …". */
export function asSentence(text: string): string {
  // Marks of code are for programmers.
  const trimmed = text.trim().replace(/`([^`]*)`/g, "$1");
  if (trimmed === "") return "";
  const first = trimmed.charAt(0).toUpperCase() + trimmed.slice(1);
  return /[.!?…]$/.test(first) ? first : `${first}.`;
}
