/** The operator's releases: which there are, what the gate said of each, and taking one back. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { reinstateRelease, releaseChoicesQuery, releasesQuery, withdrawRelease } from "../../api/queries";
import type { Release } from "../../api/types";
import { bytes, count, day, shortDigest } from "../../lib/format";
import { Button, Notice, ProblemNotice, TextField } from "../../ui/basics";
import { Dialog } from "../../ui/Dialog";
import { ReleaseBadges, ReleasePapers } from "../../ui/ReleasePapers";
import { complain } from "../../ui/toasts";

function useChanged() {
  const client = useQueryClient();
  return () => {
    void client.invalidateQueries({ queryKey: releasesQuery.queryKey });
    void client.invalidateQueries({ queryKey: releaseChoicesQuery.queryKey });
  };
}

export function OperatorReleases({ list }: { list: Release[] }) {
  const [withdrawing, setWithdrawing] = useState<Release | null>(null);
  const changed = useChanged();
  const reinstate = useMutation({ mutationFn: (id: string) => reinstateRelease(id), onError: complain, onSettled: changed });
  return (
    <>
      <ul className="divide-y divide-line">
        {list.map((release) => (
          <li key={release.id} className="grid grid-cols-[1fr_auto] items-start gap-3 py-2.5 first:pt-0 last:pb-0">
            <div className="min-w-0">
              <p className="flex flex-wrap items-center gap-x-2 font-semibold">
                OpenClaw {release.openclaw_version}
                {release.is_default && <span className="rounded-full bg-teal-soft px-2 text-[0.8125rem] text-teal">for new agents</span>}
                <ReleaseBadges release={release} />
              </p>
              <p className="text-[0.8125rem] text-muted">
                Node {release.node_version} · {bytes(release.size_bytes)} · {day(release.created_at)} · {count(release.deployments, "agent")}
              </p>
              <p className="font-mono text-[0.8125rem] text-muted">
                {shortDigest(release.image)}, signed by {release.signed_by.replace("sha256:", "").slice(0, 12) || "nobody"}
              </p>
              <ReleasePapers release={release} />
            </div>
            {release.withdrawn ? (
              <Button small busy={reinstate.isPending} aria-label={`Let OpenClaw ${release.openclaw_version} be started again`} onClick={() => reinstate.mutate(release.id)}>
                Allow again
              </Button>
            ) : (
              <Button small aria-label={`Withdraw OpenClaw ${release.openclaw_version}, ${shortDigest(release.image)}`} onClick={() => setWithdrawing(release)}>
                Withdraw…
              </Button>
            )}
          </li>
        ))}
      </ul>
      {withdrawing && <Withdraw release={withdrawing} onClose={() => setWithdrawing(null)} />}
    </>
  );
}

function Withdraw({ release, onClose }: { release: Release; onClose: () => void }) {
  const [reason, setReason] = useState("");
  const changed = useChanged();
  const withdraw = useMutation({ mutationFn: () => withdrawRelease(release.id, reason.trim()), onSuccess: onClose, onSettled: changed });
  return (
    <Dialog title={`Withdraw OpenClaw ${release.openclaw_version}?`} onClose={onClose}>
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          withdraw.mutate();
        }}
      >
        {withdraw.error && <ProblemNotice error={withdraw.error} />}
        <p>From then on no host starts it, and nobody can choose it or go back to it. New agents get the newest of the other releases.</p>
        {release.deployments > 0 && (
          <Notice tone="warn" title={`${count(release.deployments, "agent")} on it`}>
            What runs goes on. One that stops, for whatever reason, stays down until it has another release.
          </Notice>
        )}
        <TextField label="Reason" value={reason} onChange={(event) => setReason(event.target.value)} hint="Tenants are shown it." maxLength={500} required />
        <div className="flex flex-wrap justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="danger" busy={withdraw.isPending} disabled={reason.trim() === ""}>
            Withdraw
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
