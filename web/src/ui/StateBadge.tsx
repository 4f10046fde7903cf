import type { Deployment } from "../api/types";
import { age } from "../lib/format";
import { useNow } from "../lib/hooks";
import { meaning, type Tone } from "../lib/states";
import { cx } from "./basics";

const TONES: Record<Tone, string> = {
  good: "bg-good-soft text-good",
  moving: "bg-amber-soft text-amber",
  bad: "bg-bad-soft text-bad",
  quiet: "bg-sunken text-muted",
  gone: "bg-sunken text-muted",
};

/** The state in a word; a degraded agent runs, but not as it should, and is told apart. */
export function StateBadge({ deployment, large = false }: { deployment: Pick<Deployment, "state" | "degraded">; large?: boolean }) {
  const { title, tone } = meaning(deployment.state);
  const degraded = deployment.state === "running" && (deployment.degraded?.length ?? 0) > 0;
  return (
    <span
      data-state={deployment.state}
      className={cx(
        "inline-flex items-center gap-2 rounded-full font-semibold whitespace-nowrap",
        large ? "px-3.5 py-1 text-base" : "px-2.5 py-0.5 text-[0.8125rem]",
        degraded ? TONES.moving : TONES[tone],
      )}
    >
      <span aria-hidden="true" className="relative inline-flex size-2">
        {tone === "moving" && <span className="bubble absolute inset-0 rounded-full bg-current" />}
        <span className={cx("size-2 rounded-full bg-current", tone === "quiet" && "rounded-[2px]")} />
      </span>
      {degraded ? `${title}, degraded` : title}
    </span>
  );
}

/** How old what we show is: a status is what was last seen, with its age. */
export function Seen({ at }: { at: string | null | undefined }) {
  const now = useNow();
  if (!at) return <span className="text-[0.8125rem] text-muted">not looked at yet</span>;
  return (
    <time dateTime={at} className="text-[0.8125rem] text-muted">
      seen {age(at, now)}
    </time>
  );
}
