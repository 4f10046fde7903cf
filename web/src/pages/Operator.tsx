/** What an operator watches: hosts, everybody's agents, releases, and containers that nobody owns. */
import { useMutation, useQuery, useQueryClient, type UseQueryResult } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import { hostsQuery, meQuery, operatorAsk, operatorDeploymentsQuery, quarantineQuery, refresh, releasesQuery } from "../api/queries";
import type { Host, OwnedDeployment, State } from "../api/types";
import { asSentence } from "../lib/fields";
import { bytes, cores, count, day, moment } from "../lib/format";
import { useSettled, useTitle } from "../lib/hooks";
import { allowed } from "../lib/states";
import { Bar, Button, buttonClass, Card, cx, Empty, Notice, ProblemNotice, Skeleton } from "../ui/basics";
import { Page } from "../ui/Shell";
import { Seen, StateBadge } from "../ui/StateBadge";
import { complain } from "../ui/toasts";
import { StateSelect } from "../ui/StateSelect";
import { Channels } from "./operator/Channels";
import { Jobs } from "./operator/Jobs";
import { Waves } from "./operator/Waves";
import { OperatorReleases } from "./operator/Releases";

export default function Operator() {
  useTitle("Operator");
  const me = useQuery(meQuery).data;
  const hosts = useQuery(hostsQuery);
  const releases = useQuery(releasesQuery);
  const quarantine = useQuery(quarantineQuery);
  if (me && !me.user.operator) {
    return (
      <Page narrow>
        <Empty page title="For the operator only">Your account is a customer's. What you can do is on the page of your agents.</Empty>
      </Page>
    );
  }
  return (
    <Page>
      <div className="flex flex-wrap items-center justify-between gap-3">
        <h1 className="text-3xl">Operator</h1>
        <nav aria-label="Operator" className="flex flex-wrap gap-2">
          <Link to="/operator/accounts" className={buttonClass("plain", true)}>
            Accounts
          </Link>
          <Link to="/operator/tickets" className={buttonClass("plain", true)}>
            Tickets
          </Link>
          <Link to="/operator/books" className={buttonClass("plain", true)}>
            Books
          </Link>
          <Link to="/operator/audit" className={buttonClass("plain", true)}>
            Audit log
          </Link>
        </nav>
      </div>
      <div className="mt-6 grid gap-5">
        <Loaded query={hosts} empty="No host has reported yet.">
          {(list) => (
            <div className="grid gap-5">
              {list.map((host) => (
                <HostCard key={host.name} host={host} />
              ))}
            </div>
          )}
        </Loaded>
        <Channels />
        <Waves />
        <Everyone />
        <Jobs />
        <div className="grid items-start gap-5 lg:grid-cols-2">
          <Card title="Releases">
            <Loaded query={releases} empty="No image has been built. Build one: vivierd release build">
              {(list) => <OperatorReleases list={list} />}
            </Loaded>
          </Card>
          <Card title="Quarantine">
            <p className="mb-3 text-muted">Containers that carry this installation's mark and that no agent owns. They are stopped and kept for a while, never removed in silence.</p>
            <Loaded query={quarantine} empty="Nothing is in quarantine.">
              {(list) => (
                <ul className="divide-y divide-line">
                  {list.map((each) => (
                    <li key={each.container} className="py-2.5 first:pt-0 last:pb-0">
                      <p className="font-mono text-[0.875rem] [overflow-wrap:anywhere]">{each.name}</p>
                      <p className="text-[0.8125rem] text-muted">
                        since {moment(each.since)}, removed on {day(each.discard_at)}
                      </p>
                    </li>
                  ))}
                </ul>
              )}
            </Loaded>
          </Card>
        </div>
      </div>
    </Page>
  );
}

function Loaded<T>({ query, empty, children }: { query: UseQueryResult<T[]>; empty: string; children: (list: T[]) => ReactNode }) {
  if (query.data) return query.data.length === 0 ? <p className="text-muted">{empty}</p> : children(query.data);
  return query.error ? <ProblemNotice error={query.error} onRetry={() => void query.refetch()} /> : <Skeleton className="h-28 w-full" />;
}

function HostCard({ host }: { host: Host }) {
  const capacity = host.capacity;
  return (
    <Card
      title={`Host ${host.name}`}
      actions={
        <span className="flex items-center gap-2">
          <span className={cx("font-semibold", host.reachable ? "text-good" : "text-bad")}>{host.reachable ? "answers" : "does not answer"}</span>
          <Seen at={host.observed_at} />
        </span>
      }
    >
      <div className="grid gap-4">
        <Notice tone={host.admits ? "good" : "warn"} title={host.admits ? "Takes new agents" : "Takes no new agents"}>
          {host.reason ? asSentence(host.reason) : `It stops taking new ones above ${Math.round(host.memory_ceiling * 100)} % of its memory.`}
        </Notice>
        {capacity && (
          <div className="grid gap-x-8 gap-y-4 sm:grid-cols-2">
            <Meter
              title="Memory in use"
              used={capacity.memory_total_bytes - capacity.memory_available_bytes}
              total={capacity.memory_total_bytes}
              show={bytes}
              ceiling={host.memory_ceiling}
            />
            <Meter title="Memory promised to agents" used={host.reserved_memory_bytes} total={capacity.memory_total_bytes} show={bytes} ceiling={host.memory_ceiling} />
            <Meter title="Processor promised to agents" used={host.reserved_cpu_millis} total={capacity.cpus * 1000} show={cores} />
            <Meter title="Disk in use" used={capacity.disk_total_bytes - capacity.disk_available_bytes} total={capacity.disk_total_bytes} show={bytes} />
          </div>
        )}
        <p className="text-[0.875rem] text-muted">
          {count(host.deployments, "agent")}
          {capacity && `, ${count(capacity.containers_running, "container")} running, ${capacity.driver} ${capacity.engine_version}`}
          {host.queue_length > 0 && `, ${host.queue_length} in line`}
        </p>
        {capacity?.warnings.map((warning) => (
          <Notice key={warning} tone="warn">
            {asSentence(warning)}
          </Notice>
        ))}
      </div>
    </Card>
  );
}

function Meter({ title, used, total, show, ceiling }: { title: string; used: number; total: number; show: (value: number) => string; ceiling?: number }) {
  const share = total > 0 ? used / total : 0;
  const limit = ceiling ?? 0.9;
  return (
    <div>
      <p className="mb-1 flex flex-wrap justify-between gap-x-2">
        <span>{title}</span>
        <span className="text-muted">
          {show(used)} of {show(total)}
        </span>
      </p>
      <Bar label={title} share={share} tone={share > limit ? "bad" : share > limit * 0.85 ? "amber" : "teal"} {...(ceiling === undefined ? {} : { mark: ceiling })} />
    </div>
  );
}

function Everyone() {
  const [search, setSearch] = useState("");
  const [state, setState] = useState<State | undefined>(undefined);
  const q = useSettled(search.trim(), 250);
  const list = useQuery(operatorDeploymentsQuery({ q, state }));
  return (
    <Card title="All agents">
      <div className="mb-3 grid gap-3 sm:grid-cols-[1fr_13rem]">
        <input className="input" type="search" aria-label="Search all agents" placeholder="Search by name, address or owner" value={search} onChange={(event) => setSearch(event.target.value)} />
        <StateSelect value={state} onChange={setState} />
      </div>
      {list.data ? (
        list.data.items.length === 0 ? (
          <p className="text-muted">{q || state ? "Nothing matches." : "Nobody has an agent yet."}</p>
        ) : (
          <ul className="divide-y divide-line">
            {list.data.items.map((deployment) => (
              <OwnedRow key={deployment.id} deployment={deployment} />
            ))}
          </ul>
        )
      ) : list.error ? (
        <ProblemNotice error={list.error} onRetry={() => void list.refetch()} />
      ) : (
        <Skeleton className="h-32 w-full" />
      )}
      {list.data?.more && <p className="mt-3 text-muted">There are more. Search to find one that is not shown.</p>}
    </Card>
  );
}

function OwnedRow({ deployment }: { deployment: OwnedDeployment }) {
  const client = useQueryClient();
  const me = useQuery(meQuery).data;
  const act = useMutation({ mutationFn: (what: "suspend" | "resume") => operatorAsk(deployment.id, what), onError: complain, onSettled: () => refresh(client, deployment.id) });
  const may = allowed(deployment.state);
  const own = me?.account?.id === deployment.account;
  return (
    <li className="grid grid-cols-1 items-center gap-x-4 gap-y-2 py-3 sm:grid-cols-[1fr_auto_6.500rem]">
      <div className="min-w-0">
        <p className="font-semibold [overflow-wrap:anywhere]">
          {own ? (
            <Link to="/agents/$id" params={{ id: deployment.id }} className="link">
              {deployment.name}
            </Link>
          ) : (
            deployment.name
          )}
        </p>
        <p className="text-[0.8125rem] text-muted [overflow-wrap:anywhere]">
          {deployment.owner} · {deployment.slug} · {deployment.plan}
        </p>
        {deployment.reason && <p className="text-[0.8125rem] text-bad">{asSentence(deployment.reason)}</p>}
      </div>
      <div className="flex flex-wrap items-center gap-2">
        <Seen at={deployment.observed_at} />
        <StateBadge deployment={deployment} />
      </div>
      <div>
        {may.suspend && (
          <Button small busy={act.isPending} aria-label={`Stop ${deployment.name} of ${deployment.owner}`} onClick={() => act.mutate("suspend")}>
            Stop
          </Button>
        )}
        {may.resume && (
          <Button small busy={act.isPending} aria-label={`Start ${deployment.name} of ${deployment.owner}`} onClick={() => act.mutate("resume")}>
            Start
          </Button>
        )}
      </div>
    </li>
  );
}
