/** Channels of releases: what each has, who follows it, and promoting a release to one. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { channelsQuery, promote, promotionPlanQuery, refreshWaves, releasesQuery } from "../../api/queries";
import type { ReleaseChannel } from "../../api/types";
import { day, shortDigest } from "../../lib/format";
import { agents } from "../../lib/waves";
import { Button, Card, Notice, ProblemNotice, SelectField, Skeleton } from "../../ui/basics";
import { Dialog } from "../../ui/Dialog";
import { startable } from "../../ui/ReleasePapers";
import { say } from "../../ui/toasts";

export function Channels() {
  const channels = useQuery(channelsQuery);
  const [promoting, setPromoting] = useState(false);
  return (
    <Card title="Channels" actions={<Button small onClick={() => setPromoting(true)}>Promote a release…</Button>}>
      <p className="mb-3 text-muted">Agents that follow a channel get its releases by themselves, a few at a time. One that does not work with a release comes back, with its data.</p>
      {channels.data ? (
        <ul className="divide-y divide-line">
          {channels.data.map((channel) => (
            <li key={channel.name} className="flex flex-wrap items-baseline justify-between gap-x-4 gap-y-1 py-2.5 first:pt-0 last:pb-0">
              <p className="min-w-0">
                <span className="font-semibold">{channel.name}</span>{" "}
                <span className="text-muted">
                  {channel.release ? `has OpenClaw ${channel.release.openclaw_version} (${shortDigest(channel.release.image)})` : "has no release yet"}
                  {channel.promoted_at && channel.release && `, since ${day(channel.promoted_at)}`}
                </span>
              </p>
              <p className="text-[0.875rem] text-muted">
                {agents(channel.followers)} follow it{channel.behind > 0 && `, ${channel.behind} of them run something else`}
              </p>
            </li>
          ))}
        </ul>
      ) : channels.error ? (
        <ProblemNotice error={channels.error} onRetry={() => void channels.refetch()} />
      ) : (
        <Skeleton className="h-20 w-full" />
      )}
      {promoting && <Promote onClose={() => setPromoting(false)} />}
    </Card>
  );
}

function Promote({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const releases = useQuery(releasesQuery);
  const [channel, setChannel] = useState<ReleaseChannel>("stable");
  const [chosen, setChosen] = useState("");
  // What no host would start cannot be promoted either.
  const offered = releases.data?.filter(startable) ?? [];
  const release = chosen || offered[0]?.id || "";
  const plan = useQuery({ ...promotionPlanQuery(release, channel), enabled: release !== "" });
  const begin = useMutation({
    mutationFn: () => promote(release, channel),
    onSuccess: ({ wave }) => {
      say(wave ? "The wave has begun. It is shown below." : `${channel} has the release.`);
      refreshWaves(client);
      onClose();
    },
  });
  return (
    <Dialog title="Promote a release" onClose={onClose}>
      <div className="grid gap-4">
        {begin.error && <ProblemNotice error={begin.error} />}
        <SelectField label="Release" value={release} onChange={(event) => setChosen(event.target.value)}>
          {offered.map((each) => (
            <option key={each.id} value={each.id}>
              OpenClaw {each.openclaw_version} ({shortDigest(each.image)})
            </option>
          ))}
        </SelectField>
        <SelectField label="Channel" value={channel} onChange={(event) => setChannel(event.target.value as ReleaseChannel)}>
          <option value="stable">stable</option>
          <option value="canary">canary</option>
        </SelectField>
        <div data-testid="promotion-plan">
          {plan.data ? (
            <Notice title={plan.data.moves === 0 ? "Nobody has to be moved" : `${agents(plan.data.moves)} will be moved`}>{plan.data.summary}</Notice>
          ) : plan.error ? (
            <ProblemNotice error={plan.error} onRetry={() => void plan.refetch()} />
          ) : (
            <Skeleton className="h-24 w-full" />
          )}
        </div>
        <div className="flex flex-wrap justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" busy={begin.isPending} disabled={!plan.data} onClick={() => begin.mutate()}>
            Promote
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
