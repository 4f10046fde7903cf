/** Waves: how far each is, everybody in it, and what an operator may say to it. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { askWave, refreshWaves, revertPlanQuery, revertWave, waveQuery, wavesQuery } from "../../api/queries";
import type { Wave, WaveMember, WaveStage, WaveState } from "../../api/types";
import { asSentence } from "../../lib/fields";
import { duration, moment } from "../../lib/format";
import { allowedOf, countsInWords, isOpen, MEMBER_WORDS } from "../../lib/waves";
import { Button, Card, cx, Notice, ProblemNotice, Skeleton } from "../../ui/basics";
import { Dialog } from "../../ui/Dialog";
import { complain } from "../../ui/toasts";

export function Waves() {
  const waves = useQuery(wavesQuery);
  if (!waves.data) return waves.error ? <ProblemNotice error={waves.error} onRetry={() => void waves.refetch()} /> : <Skeleton className="h-28 w-full" />;
  return (
    <>
      {waves.data
        .filter((wave, place) => isOpen(wave.state) || place === 0)
        .map((wave) => (
          <WaveCard key={wave.id} wave={wave} />
        ))}
    </>
  );
}

const TONES: Record<WaveState, string> = {
  running: "bg-teal-soft text-teal",
  reverting: "bg-teal-soft text-teal",
  finished: "bg-good-soft text-good",
  paused: "bg-amber-soft text-ink",
  halted: "bg-bad-soft text-bad",
  aborted: "bg-sunken text-muted",
  reverted: "bg-sunken text-muted",
};

type Question = "abort" | "revert" | "resume" | null;

function WaveCard({ wave }: { wave: Wave }) {
  const client = useQueryClient();
  const [question, setQuestion] = useState<Question>(null);
  const [open, setOpen] = useState(false);
  const act = useMutation({ mutationFn: (what: "pause" | "resume" | "abort") => askWave(wave.id, what), onError: complain, onSettled: () => refreshWaves(client) });
  const may = allowedOf(wave.state);
  const close = () => setQuestion(null);
  return (
    <Card
      title={`OpenClaw ${wave.release.openclaw_version} for ${wave.channel}`}
      actions={<span className={cx("rounded-full px-2.5 py-0.5 text-[0.875rem] font-semibold", TONES[wave.state])}>{wave.state}</span>}
    >
      <div className="grid gap-4" data-testid="wave">
        {wave.reason && wave.state === "halted" && (
          <Notice tone="bad" title="It has halted">
            {asSentence(wave.reason)} Those that failed are back on what they had. Look at why, then let it go on, end it, or bring everybody back.
          </Notice>
        )}
        <p className="text-muted">
          {countsInWords(wave.members)}
          {wave.waits_for && <> · waits for {wave.waits_for}</>}
        </p>
        <ol className="grid gap-3">
          {wave.stages.map((stage, place) => (
            <Stage key={place} stage={stage} number={place + 1} before={wave.stages[place - 1]?.target ?? 0} />
          ))}
        </ol>
        <div className="flex flex-wrap gap-2">
          {may.pause && (
            <Button small busy={act.isPending} onClick={() => act.mutate("pause")}>
              Pause
            </Button>
          )}
          {may.resume && (
            <Button small busy={act.isPending} onClick={() => (wave.state === "halted" ? setQuestion("resume") : act.mutate("resume"))}>
              Let it go on{wave.state === "halted" && "…"}
            </Button>
          )}
          {may.abort && (
            <Button small onClick={() => setQuestion("abort")}>
              End it…
            </Button>
          )}
          {may.revert && (
            <Button small onClick={() => setQuestion("revert")}>
              Bring everybody back…
            </Button>
          )}
          <Button small aria-expanded={open} onClick={() => setOpen(!open)}>
            {open ? "Hide the agents" : "Show the agents"}
          </Button>
        </div>
        {open && <Members id={wave.id} />}
        <p className="text-[0.8125rem] text-muted [overflow-wrap:anywhere]">
          {wave.id}, begun {moment(wave.created_at)} by {wave.created_by}
        </p>
      </div>
      {question === "resume" && (
        <Sure title="Let the wave go on?" action="Let it go on" busy={act.isPending} onClose={close} onConfirm={() => act.mutate("resume", { onSettled: close })}>
          What has failed so far counts no more, and another agent takes its place in the stage.
        </Sure>
      )}
      {question === "abort" && (
        <Sure title="End the wave here?" action="End it" busy={act.isPending} onClose={close} onConfirm={() => act.mutate("abort", { onSettled: close })}>
          Nobody else is moved. Those that have the release keep it; the channel keeps what it had.
        </Sure>
      )}
      {question === "revert" && <Revert id={wave.id} onClose={close} />}
    </Card>
  );
}

function Stage({ stage, number, before }: { stage: WaveStage; number: number; before: number }) {
  const size = stage.target - before;
  const { good, moving, failed, returning, returned, stuck } = stage.members;
  const parts: [string, number][] = [
    ["bg-good", good],
    ["bg-teal", moving + returning],
    ["bg-bad", failed + stuck],
    ["bg-amber", returned],
  ];
  const took = stage.began_at && stage.ended_at ? duration(Date.parse(stage.ended_at) - Date.parse(stage.began_at)) : null;
  return (
    <li>
      <p className="mb-1 flex flex-wrap justify-between gap-x-3">
        <span>
          Stage {number}: {stage.size === "all" ? "all" : stage.size} ({stage.target} in all)
        </span>
        <span className="text-[0.875rem] text-muted">
          {stage.began_at ? countsInWords(stage.members) : "not begun"}
          {took && `, ${took}`}
        </span>
      </p>
      <div className="flex h-2.5 overflow-hidden rounded-full bg-sunken ring-1 ring-line" aria-hidden="true">
        {size > 0 && parts.map(([colour, value]) => <div key={colour} className={colour} style={{ width: `${Math.min(100, (value / size) * 100)}%` }} />)}
      </div>
    </li>
  );
}

function Members({ id }: { id: string }) {
  const wave = useQuery(waveQuery(id));
  if (!wave.data) return wave.error ? <ProblemNotice error={wave.error} onRetry={() => void wave.refetch()} /> : <Skeleton className="h-24 w-full" />;
  return (
    <ul className="divide-y divide-line" aria-label="Agents in the wave">
      {wave.data.agents.map((member) => (
        <Member key={member.deployment} member={member} />
      ))}
    </ul>
  );
}

function Member({ member }: { member: WaveMember }) {
  const bad = member.state === "failed" || member.state === "stuck";
  return (
    <li className="grid gap-x-4 gap-y-0.5 py-2 sm:grid-cols-[1fr_auto]">
      <p className="min-w-0 [overflow-wrap:anywhere]">
        <span className="font-semibold">{member.name}</span>{" "}
        <span className="text-[0.8125rem] text-muted">
          {member.owner}
          {member.stage !== null && member.stage !== undefined && `, stage ${member.stage}`}
          {member.state === "waiting" && member.window && `, within ${member.window}`}
        </span>
      </p>
      <p className={cx("text-[0.875rem]", bad ? "text-bad" : member.state === "good" ? "text-good" : "text-muted")}>{MEMBER_WORDS[member.state]}</p>
      {member.reason && <p className="text-[0.8125rem] text-muted [overflow-wrap:anywhere] sm:col-span-2">{asSentence(member.reason)}</p>}
    </li>
  );
}

function Revert({ id, onClose }: { id: string; onClose: () => void }) {
  const client = useQueryClient();
  const plan = useQuery(revertPlanQuery(id));
  const [keep, setKeep] = useState(false);
  const revert = useMutation({
    mutationFn: () => revertWave(id, keep ? "keep" : undefined),
    onSuccess: () => {
      refreshWaves(client);
      onClose();
    },
  });
  const restores = plan.data?.agents.some((each) => each.plan.data === "restore") ?? false;
  return (
    <Dialog title="Bring everybody back?" onClose={onClose}>
      <div className="grid gap-4">
        {revert.error && <ProblemNotice error={revert.error} />}
        {plan.data ? <p data-testid="revert-plan">{plan.data.summary}</p> : plan.error ? <ProblemNotice error={plan.error} onRetry={() => void plan.refetch()} /> : <Skeleton className="h-20 w-full" />}
        {restores && (
          <label className="flex items-start gap-2">
            <input type="checkbox" className="mt-1" checked={keep} onChange={(event) => setKeep(event.target.checked)} />
            <span>Keep the data as it is now. An older OpenClaw may not read what a newer one wrote; an agent that cannot stays on the release.</span>
          </label>
        )}
        <div className="flex flex-wrap justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button look="danger" busy={revert.isPending} disabled={!plan.data} onClick={() => revert.mutate()}>
            Bring them back
          </Button>
        </div>
      </div>
    </Dialog>
  );
}

function Sure({ title, action, busy, children, onConfirm, onClose }: { title: string; action: string; busy: boolean; children: string; onConfirm: () => void; onClose: () => void }) {
  return (
    <Dialog title={title} onClose={onClose}>
      <p className="mb-4">{children}</p>
      <div className="flex flex-wrap justify-end gap-2">
        <Button onClick={onClose}>Cancel</Button>
        <Button look="primary" busy={busy} onClick={onConfirm}>
          {action}
        </Button>
      </div>
    </Dialog>
  );
}
