import { describe, expect, it } from "vitest";
import type { Revision } from "../api/types";
import { diffLines, folded, type DiffLine } from "./diff";
import { changes, inOrder, isOlder, verdict, wantedFor, withMoments } from "./revisions";

const shown = (lines: readonly DiffLine[]): string => lines.map(({ kind, text }) => `${kind === "same" ? " " : kind === "added" ? "+" : "-"}${text}`).join("\n");

describe("the difference of two texts", () => {
  it("is nothing for the same text, and everything for another one", () => {
    expect(diffLines("a\nb\n", "a\nb\n").every((line) => line.kind === "same")).toBe(true);
    expect(shown(diffLines("", "a\n"))).toBe("+a");
    expect(shown(diffLines("a\n", ""))).toBe("-a");
    expect(shown(diffLines("a\nb", "x\ny"))).toBe("-a\n-b\n+x\n+y");
    expect(diffLines("", "")).toEqual([]);
  });
  it("keeps what is the same between two changes", () => {
    expect(shown(diffLines("{\n  a: 1,\n  b: 2,\n  c: 3,\n}\n", "{\n  a: 0,\n  b: 2,\n  d: 4,\n  c: 3,\n}\n"))).toBe(" {\n-  a: 1,\n+  a: 0,\n   b: 2,\n+  d: 4,\n   c: 3,\n }");
    const lines = diffLines("one\ntwo\nthree\n", "one\nthree\n");
    expect(lines.map(({ before, after }) => [before, after])).toEqual([[1, 1], [2, undefined], [3, 2]]);
  });
  it("always leads from the one to the other", () => {
    let seed = 7;
    const random = (below: number): number => (seed = (seed * 48271) % 2147483647) % below;
    for (let round = 0; round < 300; round += 1) {
      const text = (): string[] => Array.from({ length: random(14) }, () => "abcd"[random(4)]!);
      const [before, after] = [text(), text()];
      const lines = diffLines(before.join("\n"), after.join("\n"));
      expect(lines.filter((line) => line.kind !== "added").map((line) => line.text)).toEqual(before);
      expect(lines.filter((line) => line.kind !== "removed").map((line) => line.text)).toEqual(after);
    }
  });
  it("is quick for texts that have nothing in common", () => {
    const text = (letter: string): string => Array.from({ length: 6000 }, (_, line) => `${letter}${line}`).join("\n");
    const begun = performance.now();
    expect(diffLines(text("a"), text("b"))).toHaveLength(12_000);
    expect(performance.now() - begun).toBeLessThan(4000);
  });
  it("folds what is far from every change", () => {
    const before = Array.from({ length: 20 }, (_, line) => `line ${line + 1}`);
    const after = before.map((line, place) => (place === 9 ? "changed" : line));
    const rows = folded(diffLines(before.join("\n"), after.join("\n")));
    expect(rows[0]).toEqual({ kind: "skipped", count: 6 });
    expect(rows.at(-1)).toEqual({ kind: "skipped", count: 7 });
    expect(rows).toHaveLength(10);
    // One line is not worth folding.
    expect(folded(diffLines("a\nb\nc\nd\ne\n", "a\nb\nc\nd\nE\n"))[0]).toMatchObject({ kind: "same", text: "a", before: 1 });
  });
});

describe("revisions", () => {
  const revision = (number: number, more: Partial<Revision> = {}): Revision => ({
    number, config_version: number, secrets_version: 1, openclaw_version: "2026.9.6", image: "sha256:a", outcome: "good", author: "ada@example.com",
    created_at: new Date(Date.UTC(2026, 10, 21, 8, number)).toISOString(), current: false, last_known_good: false, ...more,
  });
  it("are told with what they changed", () => {
    expect(changes(revision(1), undefined)).toEqual([]);
    expect(changes(revision(2, { openclaw_version: "2026.9.7", image: "sha256:b", config_version: 1 }), revision(1))).toEqual(["OpenClaw 2026.9.6 → 2026.9.7"]);
    expect(changes(revision(2, { image: "sha256:b", secrets_version: 2, restores: 1 }), revision(1))).toEqual([
      "another image of OpenClaw 2026.9.6", "configuration 1 → 2", "secrets", "the data from before revision 1",
    ]);
  });
  it("are in order, and know how long each was wanted", () => {
    const placed = inOrder([revision(1), revision(3), revision(2)]);
    expect(placed.map((each) => [each.revision.number, each.before?.number, each.after?.number])).toEqual([[3, 2, undefined], [2, 1, 3], [1, undefined, 2]]);
    expect(placed.map(wantedFor)).toEqual([null, 60_000, 60_000]);
  });
  it("are trusted only when they have worked", () => {
    expect(verdict({ outcome: "pending", current: true }, true).words).toBe("runs, not trusted yet");
    expect(verdict({ outcome: "pending", current: true }, false).words).toBe("on its way");
    expect(verdict({ outcome: "failed", current: false }, true).tone).toBe("bad");
  });
  it("have versions that are compared by their numbers", () => {
    expect(isOlder("2026.9.6", "2026.9.10")).toBe(true);
    expect(isOlder("2026.10.1", "2026.9.10")).toBe(false);
    expect(isOlder("2026.9.6", "2026.9.6")).toBe(false);
  });
  it("are planned in sentences with times that people read", () => {
    expect(withMoments("what was written since 2026-11-21T07:30:05.000Z is lost")).toMatch(/^What was written since 21 Nov 2026, \d\d:30 is lost\.$/);
  });
});
