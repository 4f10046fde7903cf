import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Suspense, useCallback, useEffect, useMemo, useState } from "react";
import { isStatus } from "../../api/problem";
import { catalogueQuery, refresh, statsQuery } from "../../api/queries";
import type { Deployment, EventOut, Stats } from "../../api/types";
import { asSentence } from "../../lib/fields";
import { bytes, cores, duration, moment, shortDigest, timeOfDay } from "../../lib/format";
import { useNow, useStream, type StreamStatus } from "../../lib/hooks";
import { lazily } from "../../lib/lazily";
import { actionTitle, meaning } from "../../lib/states";
import { addEvents, entries, isEvent, stateOf, type Entry } from "../../lib/timeline";
import { Card, cx, ProblemNotice, Skeleton, Spinner } from "../../ui/basics";

const Plot = lazily(() => import("../../ui/Plot"));

export function Overview({ agent }: { agent: Deployment }) {
  return (
    <div className="grid items-start gap-5 lg:grid-cols-[1.3fr_1fr]">
      <Timeline id={agent.id} />
      <div className="grid min-w-0 gap-5">
        <Usage agent={agent} />
        <Facts agent={agent} />
      </div>
    </div>
  );
}

export function Live({ status }: { status: StreamStatus }) {
  const words: Record<StreamStatus, string> = { connecting: "connecting…", live: "live", reconnecting: "reconnecting…", refused: "not available" };
  return (
    <span className={cx("inline-flex items-center gap-1.5 text-[0.8125rem]", status === "live" ? "text-good" : "text-muted")}>
      <span aria-hidden="true" className="size-2 rounded-full bg-current" />
      {words[status]}
    </span>
  );
}

function Timeline({ id }: { id: string }) {
  const [events, setEvents] = useState<readonly EventOut[]>([]);
  const [all, setAll] = useState(false);
  const client = useQueryClient();
  const take = useCallback(
    (batch: unknown[]) => {
      const added = batch.flatMap((each) => (Array.isArray(each) ? each : [each])).filter(isEvent);
      if (added.length === 0) return;
      setEvents((known) => addEvents(known, added));
      // What happened has changed what is shown above: no need to wait for the next look.
      if (added.some((event) => event.kind === "state" || event.kind === "ask")) refresh(client, id);
    },
    [client, id],
  );
  const stream = useStream(`/v1/deployments/${encodeURIComponent(id)}/events?follow=true`, take);
  const shown = useMemo(() => entries(events), [events]);
  const visible = all ? shown : shown.slice(0, 30);
  return (
    <Card title="Timeline" actions={<Live status={stream.status} />}>
      {stream.problem && <ProblemNotice error={stream.problem} />}
      {shown.length === 0 ? (
        stream.status === "live" ? <p className="text-muted">Nothing has happened yet.</p> : stream.problem ? null : <Skeleton className="h-40 w-full" />
      ) : (
        <ol className="relative grid gap-0.5" data-testid="timeline">
          {visible.map((entry) => (
            <Line key={entry.event.id} entry={entry} />
          ))}
        </ol>
      )}
      {shown.length > visible.length && (
        <button type="button" className="link mt-3" onClick={() => setAll(true)}>
          Show all {shown.length}
        </button>
      )}
    </Card>
  );
}

function Line({ entry: { event, open, lasted } }: { entry: Entry }) {
  const state = stateOf(event);
  const failed = event.outcome === "failed";
  const mark = failed ? "text-bad" : open ? "text-amber" : event.kind === "state" ? "text-teal" : event.outcome === "done" ? "text-good" : "text-muted";
  return (
    <li className="grid grid-cols-[auto_1fr] gap-x-3 py-1.5">
      <span aria-hidden="true" className={cx("mt-2 block size-2.5 rounded-full bg-current", mark, event.kind === "state" && "rounded-[3px]")} />
      <div className="min-w-0">
        <p className={cx("[overflow-wrap:anywhere]", event.kind === "state" && "font-semibold", failed && "text-bad")}>
          {failed && <span className="sr-only">Failed: </span>}
          {state ? meaning(state).title : event.action && event.message === "" ? actionTitle(event.action) : asSentence(event.message)}
        </p>
        <p className="flex flex-wrap items-center gap-x-2 text-[0.8125rem] text-muted">
          <time dateTime={event.at} title={moment(event.at)}>
            {timeOfDay(event.at)}
          </time>
          {event.duration_ms != null && <span>took {duration(event.duration_ms)}</span>}
          {lasted !== undefined && <span>for {duration(lasted)}</span>}
          {(open || (state && lasted === undefined && meaning(state).tone === "moving")) && <Running since={event.at} />}
          {event.actor && event.actor !== "system" && <span>by {event.actor}</span>}
        </p>
      </div>
    </li>
  );
}

function Running({ since }: { since: string }) {
  const now = useNow();
  return (
    <span className="inline-flex items-center gap-1.5 font-medium text-amber">
      <Spinner />
      for {duration(now - Date.parse(since))}
    </span>
  );
}

const MOST_SAMPLES = 240;

function Usage({ agent }: { agent: Deployment }) {
  const alive = agent.state === "running" || agent.state === "starting" || agent.state === "updating" || agent.state === "restarting";
  const stats = useQuery(statsQuery(agent.id, alive));
  const [samples, setSamples] = useState<readonly Stats[]>([]);
  const latest = alive ? stats.data : undefined;
  useEffect(() => {
    if (latest) setSamples((known) => (known.at(-1)?.at === latest.at ? known : [...known, latest].slice(-MOST_SAMPLES)));
  }, [latest]);
  return (
    <Card title="Now">
      {!alive ? (
        <p className="text-muted">It does not run, so it uses nothing.</p>
      ) : latest ? (
        <div className="grid gap-4">
          <Gauge title="Processor" value={cores(latest.cpu_millis)} limit={cores(latest.cpu_limit_millis)}>
            <Suspense fallback={<Skeleton className="h-28 w-full" />}>
              <Plot label="Processor use over the last minutes" times={samples.map((each) => Date.parse(each.at) / 1000)} values={samples.map((each) => each.cpu_millis / 1000)} limit={latest.cpu_limit_millis / 1000} unit="vCPU" />
            </Suspense>
          </Gauge>
          <Gauge title="Memory" value={bytes(latest.memory_bytes)} limit={bytes(latest.memory_limit_bytes)}>
            <Suspense fallback={<Skeleton className="h-28 w-full" />}>
              <Plot label="Memory use over the last minutes" times={samples.map((each) => Date.parse(each.at) / 1000)} values={samples.map((each) => each.memory_bytes / 1024 ** 2)} limit={latest.memory_limit_bytes / 1024 ** 2} unit="MB" />
            </Suspense>
          </Gauge>
          <p className="text-[0.8125rem] text-muted">
            {latest.pids} processes and threads · received {bytes(latest.network_received_bytes)}, sent {bytes(latest.network_sent_bytes)}
          </p>
        </div>
      ) : stats.error ? (
        isStatus(stats.error, 404) || isStatus(stats.error, 409) ? <p className="text-muted">Nothing to measure yet.</p> : <ProblemNotice error={stats.error} />
      ) : (
        <Skeleton className="h-64 w-full" />
      )}
    </Card>
  );
}

function Gauge({ title, value, limit, children }: { title: string; value: string; limit: string; children: React.ReactNode }) {
  return (
    <div>
      <p className="mb-1 flex flex-wrap items-baseline justify-between gap-x-2">
        <span className="font-semibold">{title}</span>
        <span>
          <span className="font-display text-xl font-semibold">{value}</span> <span className="text-muted">of {limit}</span>
        </span>
      </p>
      {children}
    </div>
  );
}

function Facts({ agent }: { agent: Deployment }) {
  const catalogue = useQuery(catalogueQuery).data;
  const plan = catalogue?.plans.find((each) => each.name === agent.plan)?.title ?? agent.plan;
  const rows: [string, React.ReactNode][] = [
    ["Plan", `${plan}: ${cores(agent.limits.cpu_millis)}, ${bytes(agent.limits.memory_bytes)}, ${bytes(agent.limits.storage_bytes)} storage`],
    ["Model", agent.provider ? agent.provider.model : "none"],
    ["Channels", agent.channels.length === 0 ? "browser only" : agent.channels.map((channel) => catalogue?.channels.find((each) => each.kind === channel.kind)?.title ?? channel.kind).join(", ")],
    ["OpenClaw", agent.openclaw_version],
    [
      "Image",
      <span key="image" className="font-mono text-[0.8125rem]" title={agent.image}>
        {shortDigest(agent.image)}
      </span>,
    ],
    [
      "Revision",
      <>
        {agent.revision}
        {agent.last_known_good_revision != null && agent.last_known_good_revision !== agent.revision && `, last good: ${agent.last_known_good_revision}`}{" "}
        <Link to="/agents/$id" params={{ id: agent.id }} search={{ tab: "revisions" }} className="link text-[0.8125rem]">
          history
        </Link>
      </>,
    ],
    ["Created", moment(agent.created_at)],
    [
      "Id",
      <span key="id" className="font-mono text-[0.8125rem]">
        {agent.id}
      </span>,
    ],
  ];
  return (
    <Card title="Facts">
      <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1.5">
        {rows.map(([name, value]) => (
          <div key={name} className="contents">
            <dt className="text-muted">{name}</dt>
            <dd className="[overflow-wrap:anywhere]">{value}</dd>
          </div>
        ))}
      </dl>
    </Card>
  );
}
