/** All agents of the account: search, filter, and moves on several at once. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { ask, deploymentsQuery, refresh, type Ask } from "../api/queries";
import type { Deployment, State } from "../api/types";
import { countdown, count } from "../lib/format";
import { useNow, useSettled, useTitle } from "../lib/hooks";
import { allowed } from "../lib/states";
import { Button, buttonClass, cx, Empty, PageSkeleton, ProblemNotice, Skeleton } from "../ui/basics";
import { TypedConfirmation } from "../ui/Dialog";
import { OpenButton } from "../ui/OpenButton";
import { Page } from "../ui/Shell";
import { Seen, StateBadge } from "../ui/StateBadge";
import { complain, say } from "../ui/toasts";
import { JustTry } from "./JustTry";
import { StateSelect } from "../ui/StateSelect";

const DONE: Record<Ask, string> = { restart: "restarting", suspend: "stopping", resume: "starting", retry: "being tried again", restore: "being restored", delete: "being deleted" };

/** One agent after the other: each answer is its own, and one refusal does not hide the others. */
function useBulk(onDone: () => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async ({ what, chosen }: { what: Ask; chosen: Deployment[] }) => {
      const results = await Promise.allSettled(chosen.map((deployment) => ask(deployment.id, what)));
      return { what, failed: results.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : [])), total: chosen.length };
    },
    onSuccess: ({ what, failed, total }) => {
      if (failed.length < total) say(`${count(total - failed.length, "agent")} ${total - failed.length === 1 ? "is" : "are"} ${DONE[what]}.`);
      for (const error of failed.slice(0, 2)) complain(error);
      onDone();
    },
    onSettled: () => refresh(client),
  });
}

export default function Agents() {
  useTitle("Agents");
  const [search, setSearch] = useState("");
  const [state, setState] = useState<State | undefined>(undefined);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [deleting, setDeleting] = useState(false);
  const q = useSettled(search.trim(), 250);
  const list = useQuery(deploymentsQuery({ q, state }));
  const bulk = useBulk(() => {
    setChosen(new Set());
    setDeleting(false);
  });

  const items = list.data?.items ?? [];
  const picked = items.filter((deployment) => chosen.has(deployment.id));
  const filtering = q !== "" || state !== undefined;
  const can = (what: "resume" | "suspend" | "restart" | "remove"): Deployment[] => picked.filter((deployment) => allowed(deployment.state)[what]);
  const toggle = (id: string): void => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    setChosen(next);
  };
  const run = (what: Ask, those: Deployment[]): void => bulk.mutate({ what, chosen: those });

  if (list.isPending) {
    return (
      <Page>
        <PageSkeleton />
      </Page>
    );
  }
  return (
    <Page>
      <div className="flex flex-wrap items-center justify-between gap-3">
        <h1 className="text-3xl">Your agents</h1>
        <div className="flex flex-wrap gap-2">
          <JustTry />
          <Link to="/agents/new" className={buttonClass("primary")}>
            New agent
          </Link>
        </div>
      </div>

      {list.error && !list.data ? (
        <div className="mt-6">
          <ProblemNotice error={list.error} onRetry={() => void list.refetch()} />
        </div>
      ) : items.length === 0 && !filtering ? (
        <div className="mt-6">
          <Empty title="No agent yet">
            <p>Make your first one: choose a template, give it a name and a model key. It takes about a minute.</p>
            <Link to="/agents/new" className={`${buttonClass("primary")} mt-4`}>
              Create your first agent
            </Link>
          </Empty>
        </div>
      ) : (
        <>
          <div role="search" className="mt-6 grid gap-3 sm:grid-cols-[1fr_13rem]">
            <input className="input" type="search" aria-label="Search by name or address" placeholder="Search by name or address" value={search} onChange={(event) => setSearch(event.target.value)} />
            <StateSelect value={state} onChange={setState} />
          </div>

          <div className="mt-4 flex min-h-11 flex-wrap items-center gap-2" role="group" aria-label="Chosen agents">
            <label className="mr-2 inline-flex min-h-9 items-center gap-2">
              <input
                type="checkbox"
                className="size-4.5 accent-[var(--teal)]"
                checked={items.length > 0 && picked.length === items.length}
                ref={(box) => {
                  if (box) box.indeterminate = picked.length > 0 && picked.length < items.length;
                }}
                onChange={() => setChosen(picked.length === items.length ? new Set() : new Set(items.map((deployment) => deployment.id)))}
              />
              <span className="text-muted">{picked.length === 0 ? `All ${items.length}${list.data?.more ? " and more" : ""}` : `${picked.length} chosen`}</span>
            </label>
            {picked.length > 0 && (
              <>
                <Button small disabled={can("resume").length === 0} busy={bulk.isPending} onClick={() => run("resume", can("resume"))}>
                  Start
                </Button>
                <Button small disabled={can("suspend").length === 0} busy={bulk.isPending} onClick={() => run("suspend", can("suspend"))}>
                  Stop
                </Button>
                <Button small disabled={can("restart").length === 0} busy={bulk.isPending} onClick={() => run("restart", can("restart"))}>
                  Restart
                </Button>
                <Button small look="danger" disabled={can("remove").length === 0} busy={bulk.isPending} onClick={() => setDeleting(true)}>
                  Delete…
                </Button>
              </>
            )}
          </div>

          {items.length === 0 ? (
            <div className="mt-3">{list.isFetching ? <Skeleton className="h-20 w-full" /> : <Empty title="Nothing matches">No agent has this name, address or state.</Empty>}</div>
          ) : (
            <ul className="mt-1 grid gap-2.5" aria-label="Agents">
              {items.map((deployment) => (
                <Row key={deployment.id} deployment={deployment} chosen={chosen.has(deployment.id)} onToggle={() => toggle(deployment.id)} />
              ))}
            </ul>
          )}
          {list.data?.more && <p className="mt-3 text-muted">There are more. Search by name to find one that is not shown.</p>}
        </>
      )}

      {deleting && (
        <TypedConfirmation
          title={picked.length === 1 ? `Delete ${picked[0]?.name}?` : `Delete ${count(can("remove").length, "agent")}?`}
          word={picked.length === 1 ? (picked[0]?.name ?? "") : `delete ${can("remove").length}`}
          action="Delete"
          busy={bulk.isPending}
          onConfirm={() => run("delete", can("remove"))}
          onClose={() => setDeleting(false)}
        >
          <p>What is deleted stops at once. Its data is kept for a while; until it is removed you can restore it.</p>
          <ul className="mt-2 list-disc pl-5">
            {can("remove").map((deployment) => (
              <li key={deployment.id}>{deployment.name}</li>
            ))}
          </ul>
        </TypedConfirmation>
      )}
    </Page>
  );
}

function Row({ deployment, chosen, onToggle }: { deployment: Deployment; chosen: boolean; onToggle: () => void }) {
  const trouble = deployment.state === "failed" ? deployment.reason : deployment.degraded?.map((each) => `${each.part}: ${each.reason}`).join("; ");
  return (
    <li className={cx("card grid grid-cols-[auto_1fr] items-start gap-x-3 gap-y-2 px-4 py-3 sm:grid-cols-[auto_1fr_auto_5.500rem] sm:items-center", chosen && "ring-2 ring-teal")}>
      <input type="checkbox" className="mt-1.5 size-4.5 accent-[var(--teal)] sm:mt-0" checked={chosen} onChange={onToggle} aria-label={`Choose ${deployment.name}`} />
      <div className="min-w-0">
        <Link to="/agents/$id" params={{ id: deployment.id }} className="font-display text-lg font-semibold text-ink no-underline hover:underline [overflow-wrap:anywhere]">
          {deployment.name}
        </Link>
        <p className="truncate text-[0.8125rem] text-muted">{deployment.url.replace(/^https?:\/\//, "")}</p>
        {trouble && <p className="mt-0.5 line-clamp-2 text-[0.8125rem] text-bad">{trouble}</p>}
      </div>
      <div className="col-start-2 flex flex-wrap items-center gap-x-3 gap-y-1 sm:col-start-3 sm:flex-col sm:items-end">
        <StateBadge deployment={deployment} />
        <span className="flex flex-wrap gap-x-2">
          {deployment.queue_position ? <span className="text-[0.8125rem] text-muted">place {deployment.queue_position} in line</span> : <Seen at={deployment.observed_at} />}
          <Trial deployment={deployment} />
        </span>
      </div>
      {allowed(deployment.state).open && (
        <div className="col-start-2 sm:col-start-4 sm:justify-self-end">
          <OpenButton deployment={deployment} small />
        </div>
      )}
    </li>
  );
}

export function Trial({ deployment }: { deployment: Deployment }) {
  const now = useNow();
  if (!deployment.expires_at || deployment.state === "terminated") return null;
  const left = countdown(deployment.expires_at, now);
  return <span className="text-[0.8125rem] font-medium text-amber">{left === null ? "trial is over" : `trial ends in ${left}`}</span>;
}
