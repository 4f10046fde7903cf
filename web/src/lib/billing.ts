/** Stages of a bill, for people. */
import type { Stage, Subscription } from "../api/types";

const TITLES: Record<Stage, [string, string]> = {
  unpaid: ["Waits for payment", "text-amber"],
  good: ["Paid", "text-good"],
  grace: ["Payment missing", "text-bad"],
  suspending: ["Being stopped", "text-bad"],
  suspended: ["Stopped, not paid", "text-bad"],
  resuming: ["Paid, starting", "text-amber"],
  ending: ["Deleted, not paid", "text-bad"],
  ended: ["Ended", "text-muted"],
};

export const stageTitle = (stage: Stage): string => TITLES[stage][0];
export const stageTone = (stage: Stage): string => TITLES[stage][1];

/** Whether a payment is missing that was there before: what a banner is for. */
export const isLate = ({ stage }: Pick<Subscription, "stage">): boolean => stage === "grace" || stage === "suspending" || stage === "suspended";

/** `2 days`, `1 day`, `5 hours`, `less than an hour`: what is left to pay in. */
export function daysLeft({ pay_until }: Pick<Subscription, "pay_until">, now: number): string {
  const hours = pay_until == null ? 0 : Math.floor((Date.parse(pay_until) - now) / 3_600_000);
  if (hours < 1) return "less than an hour";
  if (hours < 24) return hours === 1 ? "1 hour" : `${hours} hours`;
  const days = Math.floor(hours / 24);
  return days === 1 ? "1 day" : `${days} days`;
}
