/** What a revision is, said to its owner. */
import type { Revision } from "../api/types";
import { asSentence } from "./fields";
import { moment } from "./format";

export type RevisionTone = "good" | "moving" | "bad" | "quiet";

export interface Verdict {
  words: string;
  tone: RevisionTone;
}

/** How it went. `running`: the agent is up at this moment. */
export function verdict(revision: Pick<Revision, "outcome" | "current">, running: boolean): Verdict {
  switch (revision.outcome) {
    case "good":
      return { words: "worked", tone: "good" };
    case "failed":
      return { words: "failed, taken back", tone: "bad" };
    case "superseded":
      return { words: "replaced before it was trusted", tone: "quiet" };
    case "pending":
      return revision.current && running ? { words: "runs, not trusted yet", tone: "moving" } : { words: "on its way", tone: "moving" };
  }
}

/** Newest first, each with the one before it and the one after it. */
export interface Placed {
  revision: Revision;
  before: Revision | undefined;
  after: Revision | undefined;
}

export function inOrder(revisions: readonly Revision[]): Placed[] {
  const sorted = [...revisions].sort((left, right) => right.number - left.number);
  return sorted.map((revision, place) => ({ revision, before: sorted[place + 1], after: sorted[place - 1] }));
}

/** What a revision changed, compared with the one before it. */
export function changes(revision: Revision, before: Revision | undefined): string[] {
  if (before === undefined) return [];
  const said: string[] = [];
  if (revision.openclaw_version !== before.openclaw_version) said.push(`OpenClaw ${before.openclaw_version} → ${revision.openclaw_version}`);
  else if (revision.image !== before.image) said.push(`another image of OpenClaw ${revision.openclaw_version}`);
  if (revision.config_version !== before.config_version) said.push(`configuration ${before.config_version} → ${revision.config_version}`);
  if (revision.secrets_version !== before.secrets_version) said.push("secrets");
  if (revision.restores != null) said.push(`the data from before revision ${revision.restores}`);
  return said;
}

/** How long it was the wanted one, in milliseconds; `null` for the one that still is. */
export function wantedFor({ revision, after }: Placed): number | null {
  if (after === undefined) return null;
  return Math.max(0, Date.parse(after.created_at) - Date.parse(revision.created_at));
}

/** Milliseconds until it was decided what came of it; `null` while it is not. */
export function settledIn(revision: Pick<Revision, "created_at" | "ended_at">): number | null {
  return revision.ended_at == null ? null : Math.max(0, Date.parse(revision.ended_at) - Date.parse(revision.created_at));
}

/** A server's sentence with its times as people here read them. */
export function withMoments(text: string): string {
  return asSentence(text.replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, (at) => moment(at)));
}

/** Whether the version `left` is older than `right`; versions are numbers between dots. */
export function isOlder(left: string, right: string): boolean {
  const numbers = (version: string): number[] => version.split(/[.-]/).map((part) => Number.parseInt(part, 10) || 0);
  const [these, those] = [numbers(left), numbers(right)];
  for (let place = 0; place < Math.max(these.length, those.length); place += 1) {
    const difference = (these[place] ?? 0) - (those[place] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
