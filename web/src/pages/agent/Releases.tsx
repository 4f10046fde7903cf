/** Which OpenClaw the agent runs, and the others that it may run. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ApiProblem } from "../../api/problem";
import { chooseRelease, refresh, releaseChoicesQuery } from "../../api/queries";
import type { Deployment, ReleaseChoice } from "../../api/types";
import { day, shortDigest } from "../../lib/format";
import { isOlder } from "../../lib/revisions";
import { Button, Card, Empty, Notice, ProblemNotice, Skeleton } from "../../ui/basics";
import { Dialog } from "../../ui/Dialog";
import { ReleaseBadges, ReleasePapers, startable } from "../../ui/ReleasePapers";
import { say } from "../../ui/toasts";

export function Releases({ agent }: { agent: Deployment }) {
  const releases = useQuery(releaseChoicesQuery);
  const [choosing, setChoosing] = useState<ReleaseChoice | null>(null);
  const offered = releases.data?.some((release) => release.image === agent.image) ?? true;
  return (
    <Card title="OpenClaw">
      <p className="mb-3 text-muted">Your agent is on OpenClaw {agent.openclaw_version}. Another release is tried on its data; when it does not work, this one comes back, with the data from before.</p>
      {releases.data ? (
        releases.data.length === 0 ? (
          <Empty title="No releases">Whoever runs this Vivier makes one with an agent image.</Empty>
        ) : (
          <>
            {!offered && (
              <div className="mb-3">
                <Notice>The one that your agent is on is no longer offered. It goes on with it until you choose another.</Notice>
              </div>
            )}
            <ul className="divide-y divide-line">
              {releases.data.map((release) => {
                const runs = release.image === agent.image;
                return (
                  <li key={release.image} className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2 py-3 first:pt-0 last:pb-0">
                    <div className="min-w-0">
                      <p className="flex flex-wrap items-center gap-x-2">
                        <span className="font-semibold">{release.openclaw_version}</span>
                        {runs && <span className="rounded-full bg-teal-soft px-2 text-[0.8125rem] font-semibold text-teal">current</span>}
                        {release.is_default && <span className="rounded-full bg-sunken px-2 text-[0.8125rem] font-semibold text-muted">for new agents</span>}
                        <ReleaseBadges release={release} />
                      </p>
                      <p className="text-[0.8125rem] text-muted">
                        <span className="font-mono" title={release.image}>
                          {shortDigest(release.image)}
                        </span>{" "}
                        of {day(release.created_at)}
                      </p>
                      <ReleasePapers release={release} />
                    </div>
                    {!runs && startable(release) && agent.state !== "terminated" && (
                      <Button small aria-label={`Run this release: OpenClaw ${release.openclaw_version}, ${shortDigest(release.image)}`} onClick={() => setChoosing(release)}>
                        Run this release
                      </Button>
                    )}
                  </li>
                );
              })}
            </ul>
          </>
        )
      ) : releases.error ? (
        <ProblemNotice error={releases.error} onRetry={() => void releases.refetch()} />
      ) : (
        <div role="status">
          <span className="sr-only">Loading…</span>
          <Skeleton className="h-24 w-full" />
        </div>
      )}
      {choosing && <Choose agent={agent} release={choosing} onClose={() => setChoosing(null)} />}
    </Card>
  );
}

function Choose({ agent, release, onClose }: { agent: Deployment; release: ReleaseChoice; onClose: () => void }) {
  const client = useQueryClient();
  const choose = useMutation({
    mutationFn: () => chooseRelease(agent.id, release.image),
    onSuccess: () => {
      say(`OpenClaw ${release.openclaw_version} is on its way. The revisions say how it goes.`);
      refresh(client, agent.id);
      onClose();
    },
  });
  const wrong = choose.error instanceof ApiProblem ? choose.error.fields.map((field) => `${field.path}: ${field.message}`) : [];
  return (
    <Dialog title={`Run OpenClaw ${release.openclaw_version}?`} onClose={onClose}>
      <div className="grid gap-4">
        {choose.error && <ProblemNotice error={choose.error} extra={wrong} />}
        <p>
          {release.openclaw_version === agent.openclaw_version
            ? `It is the same version as now, in another image (${shortDigest(release.image)}).`
            : `Your agent goes from OpenClaw ${agent.openclaw_version} to ${release.openclaw_version}.`}
        </p>
        <ul className="grid list-disc gap-1 pl-5">
          <li>It is tried first on a copy of the data, while your agent goes on.</li>
          <li>Then a copy of the data is kept, and your agent is away for about as long as a start takes.</li>
          <li>If it does not work, at once or shortly after, the old release comes back by itself, with the data from before.</li>
        </ul>
        {isOlder(release.openclaw_version, agent.openclaw_version) && (
          <Notice tone="warn" title="It is older than what runs now">
            An older OpenClaw may not read what a newer one wrote. To go back together with the data from then, choose an earlier revision instead.
          </Notice>
        )}
        <div className="flex flex-wrap justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" busy={choose.isPending} onClick={() => choose.mutate()} autoFocus>
            Run this release
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
