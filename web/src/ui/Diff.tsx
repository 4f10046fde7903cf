/** Two texts side by side in one column: what went, what came, and a little of what stayed. */
import { useMemo } from "react";
import { diffLines, folded } from "../lib/diff";
import { count } from "../lib/format";
import { cx } from "./basics";

export function Diff({ before, after, label }: { before: string; after: string; label: string }) {
  const lines = useMemo(() => diffLines(before, after), [before, after]);
  const rows = useMemo(() => folded(lines), [lines]);
  const [removed, added] = (["removed", "added"] as const).map((kind) => lines.filter((line) => line.kind === kind).length);
  if (!removed && !added) return <p className="text-muted">The document is the same in both.</p>;
  return (
    <figure aria-label={label}>
      <figcaption className="mb-2 flex flex-wrap gap-x-3 text-[0.8125rem] font-semibold">
        <span className="text-good">{count(added ?? 0, "line")} came</span>
        <span className="text-bad">{count(removed ?? 0, "line")} went</span>
      </figcaption>
      <div tabIndex={0} role="region" aria-label={label} data-testid="diff" className="max-h-[55dvh] overflow-auto rounded-xl border border-line bg-sunken py-2 font-mono text-[0.8125rem] leading-[1.6]">
        {rows.map((row, place) =>
          row.kind === "skipped" ? (
            <p key={place} className="my-1 border-y border-line bg-surface px-3 py-0.5 text-center font-sans text-[0.75rem] text-muted">
              {count(row.count, "line")} the same
            </p>
          ) : (
            <div key={place} data-kind={row.kind} className={cx("grid grid-cols-[2.75rem_1.25rem_minmax(0,1fr)]", row.kind === "added" && "bg-good-soft", row.kind === "removed" && "bg-bad-soft")}>
              <span aria-hidden="true" className="pr-2 text-right text-muted select-none">
                {row.after ?? row.before}
              </span>
              <span aria-hidden="true" className={cx("font-bold select-none", row.kind === "added" ? "text-good" : "text-bad")}>
                {row.kind === "added" ? "+" : row.kind === "removed" ? "−" : ""}
              </span>
              <span className="pr-3 whitespace-pre-wrap [overflow-wrap:anywhere]">
                {row.kind !== "same" && <span className="sr-only">{row.kind}: </span>}
                {row.text}
              </span>
            </div>
          ),
        )}
      </div>
    </figure>
  );
}
