import { useCallback, useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import type { Deployment } from "../../api/types";
import { timeOfDay } from "../../lib/format";
import { useStream } from "../../lib/hooks";
import { appendLines, EMPTY, filterLines, isLogLine, levelOf, MOST_LINES, notSeen, type Level, type LogWindow } from "../../lib/logs";
import { Button, Card, cx, Notice, ProblemNotice } from "../../ui/basics";
import { Live } from "./Overview";

const COLOURS: Record<Level, string> = { error: "text-[#ff9aa4]", warn: "text-[#f0c674]", info: "text-[#dcebea]", debug: "text-[#9db7bb]" };

export default function Logs({ agent }: { agent: Deployment }) {
  const [window_, setWindow] = useState<LogWindow>(EMPTY);
  const [paused, setPaused] = useState<LogWindow | null>(null);
  const [search, setSearch] = useState("");
  const [level, setLevel] = useState<Level>("debug");
  const [follow, setFollow] = useState(true);
  const pane = useRef<HTMLDivElement>(null);

  const take = useCallback((batch: unknown[], reconnected: boolean) => {
    const added = batch.flatMap((each) => (Array.isArray(each) ? each : [each])).filter(isLogLine);
    setWindow((known) => appendLines(known, reconnected ? notSeen(known, added) : added));
  }, []);
  const stream = useStream(`/v1/deployments/${encodeURIComponent(agent.id)}/logs?follow=true&tail=500`, take);

  const held = paused ?? window_;
  const wanted = useDeferredValue(search);
  const lines = useMemo(() => filterLines(held.lines, wanted, level), [held, wanted, level]);
  useEffect(() => {
    if (follow && pane.current) pane.current.scrollTop = pane.current.scrollHeight;
  }, [lines, follow]);

  return (
    <Card title="Logs" actions={<Live status={stream.status} />}>
      <div className="mb-3 grid grid-cols-2 gap-2 sm:grid-cols-[1fr_14rem_auto_auto]">
        <input className="input max-sm:col-span-2" type="search" aria-label="Search the logs" placeholder="Search" value={search} onChange={(event) => setSearch(event.target.value)} />
        <select className="input max-sm:col-span-2" aria-label="Show lines of at least this level" value={level} onChange={(event) => setLevel(event.target.value as Level)}>
          <option value="debug">All lines</option>
          <option value="info">Information and up</option>
          <option value="warn">Warnings and errors</option>
          <option value="error">Errors only</option>
        </select>
        <Button aria-pressed={paused !== null} onClick={() => setPaused(paused === null ? window_ : null)}>
          {paused === null ? "Pause" : `Go on${window_.total > paused.total ? ` (${window_.total - paused.total} new)` : ""}`}
        </Button>
        <Button aria-pressed={follow} onClick={() => setFollow(!follow)}>
          {follow ? "Following" : "Follow"}
        </Button>
      </div>
      {stream.problem && (stream.problem.status === 409 ? <Notice>{stream.problem.problem.detail}</Notice> : <ProblemNotice error={stream.problem} />)}
      <div
        ref={pane}
        tabIndex={0}
        role="log"
        aria-live="off"
        aria-label="Log lines"
        data-testid="logs"
        onScroll={(event) => {
          const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
          setFollow(scrollHeight - scrollTop - clientHeight < 24);
        }}
        className="h-[60dvh] min-h-64 overflow-auto rounded-xl border border-line bg-[#071a20] p-3 font-mono text-[0.78125rem] leading-relaxed"
      >
        {lines.length === 0 ? (
          <p className="text-[#9db7bb]">{held.lines.length > 0 ? "No line matches." : stream.status === "live" ? "No lines yet." : stream.problem ? "No lines." : "Loading…"}</p>
        ) : (
          lines.map((line) => {
            const kind = levelOf(line);
            return (
              <div key={line.number} className={cx("flex gap-2", COLOURS[kind])}>
                <time className="shrink-0 text-[#9db7bb]" dateTime={line.at}>
                  {timeOfDay(line.at)}
                </time>
                {kind !== "info" && kind !== "debug" && <span className="shrink-0 font-bold uppercase">{kind}</span>}
                {line.subsystem && <span className="hidden shrink-0 text-[#7fcfce] sm:inline">{line.subsystem}</span>}
                <span className="min-w-0 whitespace-pre-wrap [overflow-wrap:anywhere]">{line.text}</span>
              </div>
            );
          })
        )}
      </div>
      <p className="mt-2 text-[0.8125rem] text-muted">
        {lines.length} of {held.lines.length} lines shown. {held.total > MOST_LINES && `This page keeps the last ${MOST_LINES}. `}For more: <code className="font-mono">vivier logs -f {agent.slug}</code>
      </p>
    </Card>
  );
}
