/** What waves and maintenance windows are called, and which buttons a wave has. */
import type { MemberCounts, MemberState, WaveState } from "../api/types";
import { count } from "./format";

/** Which asks make sense: the server decides, and says why it refuses. */
export function allowedOf(state: WaveState): { pause: boolean; resume: boolean; abort: boolean; revert: boolean } {
  const open = state === "running" || state === "paused" || state === "halted";
  return { pause: state === "running", resume: state === "paused" || state === "halted", abort: open, revert: open || state === "finished" || state === "aborted" };
}

export const isOpen = (state: WaveState): boolean => state === "running" || state === "paused" || state === "halted" || state === "reverting";

export const MEMBER_WORDS: Record<MemberState, string> = {
  waiting: "not touched yet",
  moving: "on its way",
  good: "works with it",
  failed: "did not take it",
  skipped: "left out",
  returning: "on its way back",
  returned: "back",
  stuck: "did not come back",
};

/** Those that there are, such as "12 good, 1 moving". */
export function countsInWords(counts: MemberCounts): string {
  const order: MemberState[] = ["good", "moving", "failed", "returning", "returned", "stuck", "skipped", "waiting"];
  const there = order.filter((state) => counts[state] > 0).map((state) => `${counts[state]} ${state}`);
  return there.length === 0 ? "nobody yet" : there.join(", ");
}

export const agents = (value: number): string => count(value, "agent");

export const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
export type Day = (typeof DAYS)[number];

export interface WindowParts {
  days: Day[];
  from: string;
  to: string;
  zone: string;
}

/** The server's one way to write a window: `sat,sun 02:00-05:00 Europe/Berlin`. */
export function windowText({ days, from, to, zone }: WindowParts): string {
  const chosen = DAYS.filter((day) => days.includes(day));
  return `${chosen.length === DAYS.length ? "daily" : chosen.join(",")} ${from}-${to} ${zone}`;
}

export function windowParts(text: string): WindowParts | null {
  const found = /^(\S+) (\d\d:\d\d)-(\d\d:\d\d) (\S+)$/.exec(text);
  if (!found) return null;
  const [, days = "", from = "", to = "", zone = ""] = found;
  return { days: days === "daily" ? [...DAYS] : DAYS.filter((day) => days.split(",").includes(day)), from, to, zone };
}
