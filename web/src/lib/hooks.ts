import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { ApiProblem, problemOf, UNREACHABLE } from "../api/problem";
import { meQuery } from "../api/queries";
import { SseParser } from "./sse";

/** One clock for the whole page: every age and countdown ticks together, once a second, and only while somebody looks. */
let now = Date.now();
const watchers = new Set<() => void>();
let ticking: ReturnType<typeof setInterval> | undefined;

function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  ticking ??= setInterval(() => {
    now = Date.now();
    for (const each of watchers) each();
  }, 1000);
  return () => {
    watchers.delete(watcher);
    if (watchers.size === 0) {
      clearInterval(ticking);
      ticking = undefined;
    }
  };
}

export function useNow(): number {
  return useSyncExternalStore(watch, () => now);
}

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = title === "" ? "Vivier" : `${title} · Vivier`;
  }, [title]);
}

/** The value, once it has been still for `milliseconds`. */
export function useSettled<T>(value: T, milliseconds: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), milliseconds);
    return () => clearTimeout(timer);
  }, [value, milliseconds]);
  return settled;
}

/** A number that changes with the theme: what draws on a canvas redraws. */
export function useThemeChange(): number {
  const [version, setVersion] = useState(0);
  useEffect(() => {
    const changed = (): void => setVersion((before) => before + 1);
    const observer = new MutationObserver(changed);
    observer.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    const system = matchMedia("(prefers-color-scheme: dark)");
    system.addEventListener("change", changed);
    return () => {
      observer.disconnect();
      system.removeEventListener("change", changed);
    };
  }, []);
  return version;
}

export type StreamStatus = "connecting" | "live" | "reconnecting" | "refused";

interface Stream {
  status: StreamStatus;
  /** Why it was refused. */
  problem: ApiProblem | null;
}

/**
 * Follows a stream of server-sent events and hands over what comes in batches (at most one per animation frame).
 * It reconnects by itself, for ever, unless the server refuses for good (what does not exist will not come back; what is in
 * the wrong state may).
 *
 * @param url the address, or `null` to follow nothing.
 */
export function useStream(url: string | null, onBatch: (batch: unknown[], reconnected: boolean) => void): Stream {
  const [stream, setStream] = useState<Stream>({ status: "connecting", problem: null });
  const take = useRef(onBatch);
  useEffect(() => {
    take.current = onBatch;
  });
  const client = useQueryClient();
  const signedOut = stream.problem?.status === 401;
  useEffect(() => {
    // The session has ended: asking who is signed in sends the page to the login.
    if (signedOut) void client.resetQueries(meQuery);
  }, [signedOut, client]);
  useEffect(() => {
    if (url === null) return undefined;
    const stop = new AbortController();
    void follow(url, stop.signal, (batch, again) => take.current(batch, again), setStream);
    return () => stop.abort();
  }, [url]);
  return stream;
}

const pause = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  new Promise((done) => {
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener("abort", () => (clearTimeout(timer), done()), { once: true });
  });

async function follow(url: string, signal: AbortSignal, take: (batch: unknown[], again: boolean) => void, report: (stream: Stream) => void): Promise<void> {
  let lastId: string | null = null;
  let again = false;
  report({ status: "connecting", problem: null });
  for (let wait = 500; !signal.aborted; wait = Math.min(wait * 2, 8000)) {
    const begun = performance.now();
    try {
      const response = await fetch(url, {
        headers: { accept: "text/event-stream", ...(lastId === null ? {} : { "last-event-id": lastId }) },
        credentials: "same-origin",
        cache: "no-store",
        signal,
      });
      if (!response.ok || response.body === null) {
        const body: unknown = await response.json().catch(() => null);
        throw problemOf(response.status, body);
      }
      report({ status: "live", problem: null });
      const parser = new SseParser();
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let batch: unknown[] = [];
      let planned = false;
      const flush = (): void => {
        planned = false;
        if (signal.aborted || batch.length === 0) return;
        const full = batch;
        batch = [];
        take(full, again);
      };
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        for (const message of parser.push(value)) {
          if (message.id !== null) lastId = message.id;
          try {
            batch.push(JSON.parse(message.data));
          } catch {
            // A heartbeat or a notice in plain text: nothing for a list.
          }
        }
        if (!planned) {
          planned = true;
          // Not requestAnimationFrame alone: a hidden tab draws no frames, but its lists must stay bounded and fresh.
          setTimeout(flush, 50);
        }
      }
      flush();
      // One that lived for a while has earned a quick return; one that ends at once must not be asked for without pause.
      if (performance.now() - begun > 5_000) wait = 500;
    } catch (cause) {
      if (signal.aborted) return;
      const problem = cause instanceof ApiProblem ? cause : new ApiProblem(UNREACHABLE);
      if (problem.status >= 400 && problem.status < 500) {
        report({ status: "refused", problem });
        if (problem.status !== 409 && problem.status !== 429) return;
        again = true;
        await pause((problem.problem.retry_after_seconds ?? 4) * 1000, signal);
        continue;
      }
    }
    if (signal.aborted) return;
    again = true;
    report({ status: "reconnecting", problem: null });
    await pause(wait, signal);
  }
}
