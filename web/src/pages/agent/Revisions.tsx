/** What the agent has been, how each change went, and the way back. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { configVersionQuery, refresh, revisionsQuery, rollback, rollbackPlanQuery } from "../../api/queries";
import type { ConfigOut, Deployment, Revision, RollbackData, RollbackPlan } from "../../api/types";
import { asSentence } from "../../lib/fields";
import { age, bytes, duration, moment } from "../../lib/format";
import { useNow } from "../../lib/hooks";
import { changes, inOrder, settledIn, verdict, wantedFor, withMoments, type Placed, type RevisionTone } from "../../lib/revisions";
import { Button, Card, cx, Empty, Notice, ProblemNotice, Skeleton, Spinner } from "../../ui/basics";
import { Diff } from "../../ui/Diff";
import { Dialog } from "../../ui/Dialog";
import { say } from "../../ui/toasts";
import { Follow } from "./Follow";
import { Releases } from "./Releases";

const TONES: Record<RevisionTone, string> = {
  good: "bg-good-soft text-good",
  moving: "bg-amber-soft text-amber",
  bad: "bg-bad-soft text-bad",
  quiet: "bg-sunken text-muted",
};

/** Revisions that are shown at first. */
const FIRST = 10;

export default function Revisions({ agent }: { agent: Deployment }) {
  const revisions = useQuery(revisionsQuery(agent.id));
  const [comparing, setComparing] = useState<Placed | null>(null);
  const [returning, setReturning] = useState<Revision | null>(null);
  const [all, setAll] = useState(false);
  const placed = useMemo(() => inOrder(revisions.data ?? []), [revisions.data]);
  const visible = all ? placed : placed.slice(0, FIRST);
  return (
    <div className="grid items-start gap-5 lg:grid-cols-[1.3fr_1fr]">
      <Card title="Revisions">
        <p className="mb-3 max-w-prose text-muted">
          Each change of configuration, secrets or OpenClaw is a revision. One that does not work is taken back by itself, with the data from before it.
        </p>
        {revisions.data ? (
          placed.length === 0 ? (
            <Empty title="No revisions yet">The first one appears when the agent is made.</Empty>
          ) : (
            <ol className="divide-y divide-line" data-testid="revisions">
              {visible.map((each) => (
                <Item
                  key={each.revision.number}
                  agent={agent}
                  placed={each}
                  onCompare={() => setComparing(each)}
                  {...(agent.state !== "terminated" && !each.revision.current && each.revision.outcome !== "failed" ? { onReturn: () => setReturning(each.revision) } : {})}
                />
              ))}
            </ol>
          )
        ) : revisions.error ? (
          <ProblemNotice error={revisions.error} onRetry={() => void revisions.refetch()} />
        ) : (
          <div role="status" className="grid gap-3">
            <span className="sr-only">Loading…</span>
            <Skeleton className="h-20 w-full" />
            <Skeleton className="h-20 w-full" />
          </div>
        )}
        {placed.length > visible.length && (
          <button type="button" className="link mt-3" onClick={() => setAll(true)}>
            Show all {placed.length}
          </button>
        )}
      </Card>
      <div className="grid min-w-0 gap-5">
        <Releases agent={agent} />
        {agent.state !== "terminated" && <Follow key={`${agent.follows ?? ""} ${agent.window ?? ""}`} agent={agent} />}
      </div>
      {comparing && <Compare id={agent.id} placed={comparing} onClose={() => setComparing(null)} />}
      {returning && <GoBack agent={agent} revision={returning} onClose={() => setReturning(null)} />}
    </div>
  );
}

function Chip({ tone, children }: { tone: string; children: React.ReactNode }) {
  return <span className={cx("inline-flex items-center gap-1.5 rounded-full px-2 text-[0.8125rem] font-semibold whitespace-nowrap", tone)}>{children}</span>;
}

interface ItemProps {
  agent: Deployment;
  placed: Placed;
  onCompare: () => void;
  /** Absent where there is no way back to it. */
  onReturn?: () => void;
}

function Item({ agent, placed, onCompare, onReturn }: ItemProps) {
  const { revision, before } = placed;
  const now = useNow();
  const { words, tone } = verdict(revision, agent.state === "running");
  const lasted = wantedFor(placed);
  const settled = settledIn(revision);
  const changed = changes(revision, before);
  return (
    <li className="py-4 first:pt-1 last:pb-0" data-testid={`revision-${revision.number}`}>
      <h3 className="flex flex-wrap items-center gap-x-2 gap-y-1 font-sans text-[0.9375rem] tracking-normal">
        Revision {revision.number}
        <Chip tone={TONES[tone]}>
          {tone === "moving" && <Spinner />}
          {words}
        </Chip>
        {revision.current && <Chip tone="bg-teal-soft text-teal">current</Chip>}
        {revision.last_known_good && !revision.current && <Chip tone="bg-teal-soft text-teal">last known good</Chip>}
      </h3>
      <p className="mt-1 text-[0.8125rem] text-muted [overflow-wrap:anywhere]">
        OpenClaw {revision.openclaw_version} ·{" "}
        <time dateTime={revision.created_at} title={moment(revision.created_at)}>
          {age(revision.created_at, now)}
        </time>{" "}
        by {revision.author === "system" ? "Vivier itself" : revision.author}
        {revision.outcome === "pending" && revision.current && <> · for {duration(now - Date.parse(revision.created_at))}</>}
        {revision.outcome === "good" && settled !== null && <> · trusted after {duration(settled)}</>}
        {revision.outcome === "failed" && settled !== null && <> · taken back after {duration(settled)}</>}
        {revision.outcome !== "failed" && lasted !== null && <> · wanted for {duration(lasted)}</>}
      </p>
      {changed.length > 0 && <p className="mt-1 text-[0.875rem] [overflow-wrap:anywhere]">Changed: {changed.join(", ")}.</p>}
      {revision.reason && (
        <p className="mt-2 rounded-lg bg-bad-soft px-3 py-2 text-[0.875rem] whitespace-pre-wrap [overflow-wrap:anywhere]">
          <span className="sr-only">It failed: </span>
          {asSentence(revision.reason)}
        </p>
      )}
      {revision.log && revision.log.length > 0 && (
        <details className="mt-2 text-[0.8125rem]">
          <summary className="cursor-pointer text-muted">What it wrote last</summary>
          <pre className="mt-1 overflow-x-auto rounded-lg bg-sunken px-3 py-2 whitespace-pre-wrap [overflow-wrap:anywhere]">{revision.log.join("\n")}</pre>
        </details>
      )}
      {revision.snapshot && (
        <p className="mt-2 text-[0.8125rem] text-muted">
          The data from before it is kept: {bytes(revision.snapshot.bytes)}, of {moment(revision.snapshot.taken_at)}.
        </p>
      )}
      <div className="mt-2 flex flex-wrap gap-x-4 gap-y-1 text-[0.875rem]">
        <button type="button" className="link" onClick={onCompare}>
          {before ? "What changed" : "Read the document"}
          <span className="sr-only"> {before ? `with revision ${revision.number}` : `of revision ${revision.number}`}</span>
        </button>
        {onReturn && (
          <button type="button" className="link" onClick={onReturn}>
            Go back to this<span className="sr-only">: revision {revision.number}</span>
          </button>
        )}
      </div>
    </li>
  );
}

/** What else differs than the document. */
function besides(old: ConfigOut, fresh: ConfigOut): string[] {
  const said: string[] = [];
  if (JSON.stringify(old.provider) !== JSON.stringify(fresh.provider)) said.push(`the model: ${old.provider?.model ?? "none"} → ${fresh.provider?.model ?? "none"}`);
  if (JSON.stringify(old.channels) !== JSON.stringify(fresh.channels)) said.push("the channels");
  return said;
}

function Compare({ id, placed: { revision, before }, onClose }: { id: string; placed: Placed; onClose: () => void }) {
  const fresh = useQuery(configVersionQuery(id, revision.config_version));
  const old = useQuery({ ...configVersionQuery(id, before?.config_version ?? revision.config_version), enabled: before !== undefined });
  const error = fresh.error ?? old.error;
  const changed = before && fresh.data && old.data ? [...changes(revision, before).filter((each) => !each.startsWith("configuration ")), ...besides(old.data, fresh.data)] : [];
  return (
    <Dialog title={before ? `What changed with revision ${revision.number}` : `Document of revision ${revision.number}`} onClose={onClose} wide>
      {fresh.data && (before === undefined || old.data) ? (
        <div className="grid gap-3">
          {before && (
            <p className="text-muted">
              Your own document, between revision {before.number} and revision {revision.number}.
            </p>
          )}
          {before && old.data ? (
            <Diff before={old.data.text} after={fresh.data.text} label={`Document of revision ${before.number} compared with revision ${revision.number}`} />
          ) : (
            <pre tabIndex={0} aria-label={`Document of revision ${revision.number}`} className="max-h-[55dvh] overflow-auto rounded-xl bg-sunken p-3 font-mono text-[0.8125rem]">
              {fresh.data.text}
            </pre>
          )}
          {changed.length > 0 && <p>Besides the document: {changed.join(", ")}.</p>}
        </div>
      ) : error ? (
        <ProblemNotice error={error} onRetry={() => void (fresh.error ? fresh : old).refetch()} />
      ) : (
        <Skeleton className="h-48 w-full" />
      )}
      <div className="mt-4 flex justify-end">
        <Button onClick={onClose} autoFocus>
          Close
        </Button>
      </div>
    </Dialog>
  );
}

function GoBack({ agent, revision, onClose }: { agent: Deployment; revision: Revision; onClose: () => void }) {
  const plan = useQuery(rollbackPlanQuery(agent.id, revision.number));
  return (
    <Dialog title={`Go back to revision ${revision.number}?`} onClose={onClose}>
      {plan.data ? (
        <Decide agent={agent} plan={plan.data} onClose={onClose} />
      ) : (
        <div className="grid gap-4">
          {plan.error ? (
            <ProblemNotice error={plan.error} onRetry={() => void plan.refetch()} />
          ) : (
            <div role="status">
              <span className="sr-only">Loading…</span>
              <Skeleton className="h-28 w-full" />
            </div>
          )}
          <div className="flex justify-end">
            <Button onClick={onClose}>Cancel</Button>
          </div>
        </div>
      )}
    </Dialog>
  );
}

function Decide({ agent, plan, onClose }: { agent: Deployment; plan: RollbackPlan; onClose: () => void }) {
  const [data, setData] = useState<RollbackData>(plan.data);
  const [known, setKnown] = useState(false);
  const client = useQueryClient();
  const back = useMutation({
    mutationFn: () => rollback(agent.id, plan.revision, data),
    onSuccess: () => {
      say(`Going back to revision ${plan.revision}.`);
      void client.invalidateQueries({ queryKey: ["config", agent.id] });
      void client.invalidateQueries({ queryKey: ["secrets", agent.id] });
      refresh(client, agent.id);
      onClose();
    },
  });
  const loses = data === "restore";
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        if (!back.isPending && (!loses || known)) back.mutate();
      }}
    >
      {back.error && <ProblemNotice error={back.error} />}
      {/* What the server says of its own choice; of another one only its first part holds. */}
      <p data-testid="plan">{withMoments(data === plan.data ? plan.summary : `${plan.summary.split(";", 1)[0] ?? ""}; the data as you choose here.`)}</p>
      {plan.snapshot && (
        <fieldset className="grid gap-2">
          <legend className="mb-1 font-semibold">Your agent's data</legend>
          <Choice name="data" checked={data === "restore"} onChoose={() => setData("restore")} title={`Put it back to ${moment(plan.snapshot.taken_at)}`}>
            {bytes(plan.snapshot.bytes)}. What was written since is lost to the agent.
          </Choice>
          <Choice name="data" checked={data === "keep"} onChoose={() => setData("keep")} title="Keep it as it is">
            {plan.other_release ? `OpenClaw ${plan.openclaw_version} starts on what OpenClaw ${agent.openclaw_version} has written. It may not be able to read it.` : "Nothing that was written is lost."}
          </Choice>
        </fieldset>
      )}
      {loses && (
        <Notice tone="warn">
          <label className="flex items-start gap-2.5">
            <input type="checkbox" className="mt-1 size-4 shrink-0" checked={known} onChange={(event) => setKnown(event.target.checked)} />
            <span>I know that my agent loses what was written since {plan.loses_since ? moment(plan.loses_since) : "then"}.</span>
          </label>
        </Notice>
      )}
      <div className="flex flex-wrap justify-end gap-2">
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" look={loses ? "danger" : "primary"} busy={back.isPending} disabled={loses && !known}>
          {loses ? "Go back, and put the data back" : "Go back"}
        </Button>
      </div>
    </form>
  );
}

function Choice({ name, checked, onChoose, title, children }: { name: string; checked: boolean; onChoose: () => void; title: string; children: React.ReactNode }) {
  return (
    <label className={cx("flex items-start gap-2.5 rounded-[10px] border px-3 py-2.5", checked ? "border-teal bg-teal-soft" : "border-line-strong")}>
      <input type="radio" name={name} className="mt-1 size-4 shrink-0" checked={checked} onChange={onChoose} />
      <span>
        <span className="block font-semibold">{title}</span>
        <span className="block text-[0.875rem]">{children}</span>
      </span>
    </label>
  );
}
