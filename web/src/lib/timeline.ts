/** The timeline: events from pages and from the live stream, in one list without doubles. */
import type { EventOut, State } from "../api/types";
import { STATES } from "./states";

export const MOST_EVENTS = 500;

/** Adds events to a list (newest first). Ids sort by age; an event that is known already is replaced. At most the newest 500 stay. */
export function addEvents(known: readonly EventOut[], added: readonly EventOut[]): EventOut[] {
  const byId = new Map(known.map((event) => [event.id, event]));
  for (const event of added) byId.set(event.id, event);
  return [...byId.values()].sort(newestFirst).slice(0, MOST_EVENTS);
}

function newestFirst(left: EventOut, right: EventOut): number {
  if (left.at !== right.at) return left.at < right.at ? 1 : -1;
  return left.id < right.id ? 1 : left.id > right.id ? -1 : 0;
}

export interface Entry {
  event: EventOut;
  /** A step that has begun and of which no end is known. */
  open: boolean;
  /** How long a state lasted, until the next one. The newest has no end yet. */
  lasted?: number;
}

/**
 * What is shown: a step's beginning disappears once its end is there (the end has the duration); one that has not ended stays,
 * marked as open, unless something newer of the same kind shows that it was given up.
 */
export function entries(events: readonly EventOut[]): Entry[] {
  const shown: Entry[] = [];
  let newerStep = false;
  let nextState: number | undefined;
  for (const event of events) {
    if (event.kind === "step" && event.outcome === "started") {
      if (!newerStep) shown.push({ event, open: true });
      newerStep = true;
      continue;
    }
    if (event.kind === "step") newerStep = true;
    if (event.kind === "state") {
      const at = Date.parse(event.at);
      shown.push({ event, open: false, ...(nextState === undefined ? {} : { lasted: Math.max(0, nextState - at) }) });
      nextState = at;
      continue;
    }
    shown.push({ event, open: false });
  }
  return shown;
}

/** The state that an event of a changed state names, if its message is one of the wire's words. */
export function stateOf(event: EventOut): State | null {
  if (event.kind !== "state") return null;
  const word = event.message.trim().toLowerCase().replace(/\.$/, "");
  return STATES.find((state) => state === word) ?? null;
}

export function isEvent(value: unknown): value is EventOut {
  if (typeof value !== "object" || value === null) return false;
  const { id, at, kind, message } = value as Record<string, unknown>;
  return typeof id === "string" && typeof at === "string" && typeof kind === "string" && typeof message === "string";
}
