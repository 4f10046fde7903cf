/** What is said of a release, wherever one is shown: scanned or not, taken back or not, what is in it, how it was made. */
import type { Release, ReleaseChoice } from "../api/types";
import { cx } from "./basics";

type Any = Release | ReleaseChoice;

const words = { passed: "scanned", failed: "vulnerable", unscanned: "not scanned" } as const;
const tones = { passed: "bg-good-soft text-good", failed: "bg-bad-soft text-bad", unscanned: "bg-sunken text-muted" } as const;

/** Whether the release may be started at all. */
export const startable = (release: Any) => !release.withdrawn && (release.verdict === "passed" || (release.verdict === "unscanned" && Boolean(release.accepted)));

export function ReleaseBadges({ release }: { release: Any }) {
  const badge = "rounded-full px-2 text-[0.8125rem] font-semibold";
  return (
    <>
      <span className={cx(badge, tones[release.verdict])}>{words[release.verdict]}</span>
      {release.withdrawn && <span className={cx(badge, "bg-bad-soft text-bad")}>withdrawn</span>}
    </>
  );
}

export function ReleasePapers({ release }: { release: Any }) {
  const at = `/v1/releases/${release.id}`;
  return (
    <div className="grid gap-0.5 text-[0.8125rem] text-muted [overflow-wrap:anywhere]">
      {release.withdrawn && <p className="text-bad">Withdrawn: {release.withdrawn.reason}</p>}
      {release.verdict === "unscanned" && <p>{release.accepted ? `Not scanned: accepted by the operator: ${release.accepted}` : "Not scanned for vulnerabilities, so it is not started."}</p>}
      {release.verdict === "failed" && <p>It has vulnerabilities that the operator does not accept, so it is not started.</p>}
      {release.notes && <p className="whitespace-pre-line text-ink">{release.notes}</p>}
      <p className="flex flex-wrap gap-x-3">
        <a className="link" href={`${at}/sbom`} download aria-label={`What is in it (SBOM): OpenClaw ${release.openclaw_version}`}>
          What is in it (SBOM)
        </a>
        <a className="link" href={`${at}/provenance`} download aria-label={`How it was made: OpenClaw ${release.openclaw_version}`}>
          How it was made
        </a>
      </p>
    </div>
  );
}
