/** One agent: how it is, the door to it, and everything about it in tabs. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { Tabs } from "radix-ui";
import { Suspense, useEffect, useRef, useState } from "react";
import { isStatus } from "../../api/problem";
import { ask, billingQuery, catalogueQuery, checkout, deploymentQuery, edit, refresh, type Ask } from "../../api/queries";
import type { Deployment, PlanName } from "../../api/types";
import { daysLeft } from "../../lib/billing";
import { asSentence } from "../../lib/fields";
import { bytes, cores, moment } from "../../lib/format";
import { useNow, useTitle } from "../../lib/hooks";
import { lazily } from "../../lib/lazily";
import { allowed, meaning, provisioningSteps } from "../../lib/states";
import { Button, buttonClass, cx, Empty, Notice, PageSkeleton, ProblemNotice, SelectField, TextField } from "../../ui/basics";
import { Dialog } from "../../ui/Dialog";
import { OpenButton } from "../../ui/OpenButton";
import { Page } from "../../ui/Shell";
import { Seen, StateBadge } from "../../ui/StateBadge";
import { complain, say } from "../../ui/toasts";
import { Trial } from "../Agents";
import { Danger } from "./Danger";
import { Overview } from "./Overview";

const Logs = lazily(() => import("./Logs"));
const Configuration = lazily(() => import("./Configuration"));
const Revisions = lazily(() => import("./Revisions"));
const Secrets = lazily(() => import("./Secrets"));
const Proof = lazily(() => import("./Proof"));

const TABS = [
  ["overview", "Overview"],
  ["logs", "Logs"],
  ["configuration", "Configuration"],
  ["revisions", "Revisions"],
  ["secrets", "Secrets"],
  ["proof", "Proof"],
  ["danger", "Danger zone"],
] as const;

const SAID: Record<Ask, string> = {
  restart: "It is restarting.",
  suspend: "It is stopping.",
  resume: "It is starting.",
  retry: "It is being tried again.",
  restore: "It is coming back.",
  delete: "It is deleted. You can restore it until its data is removed.",
};

/** The plain moves of one agent, with their answers said aloud. */
export function useAsk(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (what: Ask) => ask(id, what),
    onSuccess: (_, what) => say(SAID[what]),
    onError: complain,
    onSettled: () => refresh(client, id),
  });
}

export default function Agent() {
  const { id } = useParams({ from: "/inside/agents/$id" });
  const agent = useQuery(deploymentQuery(id));
  useTitle(agent.data?.name ?? "Agent");
  if (agent.data) {
    return (
      <Page>
        <Detail key={id} agent={agent.data} />
      </Page>
    );
  }
  return (
    <Page>
      {isStatus(agent.error, 404) || isStatus(agent.error, 400) || isStatus(agent.error, 422) ? (
        <Empty page title="There is no such agent">
          <p>It may belong to another account, or its data has been removed.</p>
          <Link to="/agents" className={`${buttonClass("primary")} mt-4`}>
            To your agents
          </Link>
        </Empty>
      ) : agent.error ? (
        <ProblemNotice error={agent.error} onRetry={() => void agent.refetch()} />
      ) : (
        <PageSkeleton />
      )}
    </Page>
  );
}

function Detail({ agent }: { agent: Deployment }) {
  const search = useSearch({ from: "/inside/agents/$id" });
  const navigate = useNavigate();
  const tab = TABS.some(([name]) => name === search.tab) ? (search.tab ?? "overview") : "overview";
  const list = useRef<HTMLDivElement>(null);
  // On a phone the row of tabs scrolls: the chosen one must be in sight.
  useEffect(() => {
    const chosen = list.current?.querySelector<HTMLElement>("[data-state=active]");
    if (chosen && list.current) list.current.scrollLeft = chosen.offsetLeft - 24;
  }, [tab]);
  return (
    <>
      <p className="mb-3 text-[0.875rem]">
        <Link to="/agents" className="link">
          Agents
        </Link>
      </p>
      <Top agent={agent} />
      <Tabs.Root
        value={tab}
        activationMode="manual"
        onValueChange={(next) => void navigate({ to: "/agents/$id", params: { id: agent.id }, search: next === "overview" ? {} : { tab: next }, replace: true, resetScroll: false })}
        className="mt-6"
      >
        <Tabs.List ref={list} aria-label="About this agent" className="relative flex gap-1 overflow-x-auto border-b border-line [scrollbar-width:none]">
          {TABS.map(([name, title]) => (
            <Tabs.Trigger
              key={name}
              value={name}
              className="-mb-px shrink-0 rounded-t-lg border-b-3 border-transparent px-3.5 py-2.5 font-semibold whitespace-nowrap text-muted hover:text-ink focus-visible:-outline-offset-3 data-[state=active]:border-coral data-[state=active]:text-ink"
            >
              {title}
            </Tabs.Trigger>
          ))}
        </Tabs.List>
        {TABS.map(([name]) => (
          <Tabs.Content key={name} value={name} className="pt-5">
            <Suspense fallback={<PageSkeleton rows={2} />}>
              {name === "overview" && <Overview agent={agent} />}
              {name === "logs" && <Logs agent={agent} />}
              {name === "configuration" && <Configuration agent={agent} />}
              {name === "revisions" && <Revisions agent={agent} />}
              {name === "secrets" && <Secrets agent={agent} />}
              {name === "proof" && <Proof agent={agent} />}
              {name === "danger" && <Danger agent={agent} />}
            </Suspense>
          </Tabs.Content>
        ))}
      </Tabs.Root>
    </>
  );
}

function Top({ agent }: { agent: Deployment }) {
  const [renaming, setRenaming] = useState(false);
  const mayDo = allowed(agent.state);
  const act = useAsk(agent.id);
  const { sentence, tone } = meaning(agent.state);
  const steps = provisioningSteps(agent);
  const held = agent.holds ?? [];
  const reason = agent.reason ? asSentence(agent.reason) : agent.queue_position ? `It waits for its turn: place ${agent.queue_position} in line.` : sentence;
  return (
    <section aria-label="State" className="card p-5 sm:p-6">
      <div className="flex flex-wrap items-start justify-between gap-x-6 gap-y-4">
        <div className="min-w-0">
          <h1 className="text-3xl [overflow-wrap:anywhere]">
            {agent.name}
            <button type="button" className="link ml-3 align-middle font-sans text-[0.8125rem] font-normal tracking-normal" onClick={() => setRenaming(true)}>
              Name and plan
            </button>
          </h1>
          <p className="mt-0.5 font-mono text-[0.875rem] text-muted [overflow-wrap:anywhere]">{agent.url}</p>
        </div>
        <div className="flex flex-wrap gap-2">
          {mayDo.retry && (
            <Button look="primary" busy={act.isPending} onClick={() => act.mutate("retry")}>
              Try again
            </Button>
          )}
          {held.includes("billing") && <Pay agent={agent} />}
          {mayDo.resume && held.length === 0 && (
            <Button look="primary" busy={act.isPending} onClick={() => act.mutate("resume")}>
              Start
            </Button>
          )}
          {mayDo.restore && (
            <Button look="primary" busy={act.isPending} onClick={() => act.mutate("restore")}>
              Restore
            </Button>
          )}
          {mayDo.open && <OpenButton deployment={agent} />}
        </div>
      </div>

      <div className="mt-4 flex flex-wrap items-center gap-x-3 gap-y-2">
        {/* Read out when it changes, without the age that changes every second. */}
        <span role="status">
          <StateBadge deployment={agent} large />
        </span>
        <Seen at={agent.observed_at} />
        <Trial deployment={agent} />
      </div>
      <p className={cx("mt-2 max-w-prose", tone === "bad" && "font-medium text-bad")}>{reason}</p>
      <PaymentMissing agent={agent} />
      {agent.state === "terminated" && agent.purge_at && <p className="mt-1 text-muted">Its data is removed on {moment(agent.purge_at)}.</p>}
      {steps && <Steps steps={steps} />}
      {(agent.degraded?.length ?? 0) > 0 && (
        <div className="mt-4 grid gap-2">
          {agent.degraded?.map((each) => (
            <Notice key={each.part} tone="warn" title={`${each.part.replace(/^./, (letter) => letter.toUpperCase())} does not work`}>
              <p>{asSentence(each.reason)}</p>
              <p className="mt-1">
                <strong>What to do:</strong> {asSentence(each.remedy)}
              </p>
            </Notice>
          ))}
        </div>
      )}
      {!agent.provider && agent.state === "running" && (
        <div className="mt-4">
          <Notice tone="warn" title="It has no model yet">
            <p>
              It runs, but cannot answer.{" "}
              <Link to="/agents/$id" params={{ id: agent.id }} search={{ tab: "configuration" }} className="link">
                Set the model up
              </Link>
            </p>
          </Notice>
        </div>
      )}
      {renaming && <Edit agent={agent} onClose={() => setRenaming(false)} />}
    </section>
  );
}

/** One that is not paid for: where it is. */
function Pay({ agent }: { agent: Deployment }) {
  const pay = useMutation({ mutationFn: () => checkout(agent.id), onSuccess: (link) => window.location.assign(link.url), onError: complain });
  const bill = useQuery({ ...billingQuery, retry: false }).data;
  const one = bill?.subscriptions.find((each) => each.deployment === agent.id);
  // A subscription that is behind is paid where its card is changed.
  if (one && !one.can_pay)
    return (
      <Link to="/billing" className={buttonClass("primary")}>
        Pay
      </Link>
    );
  return (
    <Button look="primary" busy={pay.isPending} onClick={() => pay.mutate()}>
      Pay
    </Button>
  );
}

function PaymentMissing({ agent }: { agent: Deployment }) {
  const billing = useQuery(catalogueQuery).data?.billing ?? false;
  const bill = useQuery({ ...billingQuery, enabled: billing, retry: false }).data;
  const now = useNow();
  const one = bill?.subscriptions.find((each) => each.deployment === agent.id);
  if (!one || one.stage !== "grace") return null;
  return (
    <div className="mt-4">
      <Notice tone="bad" title={`A payment is missing: ${daysLeft(one, now)} left`}>
        <p>
          It runs on until then.{" "}
          <Link to="/billing" className="link">
            Pay, and nothing happens
          </Link>
        </p>
      </Notice>
    </div>
  );
}

function Steps({ steps }: { steps: NonNullable<ReturnType<typeof provisioningSteps>> }) {
  return (
    <ol aria-label="Progress" className="mt-5 grid gap-x-3 gap-y-2 sm:grid-cols-5">
      {steps.map((step) => (
        <li key={step.title} aria-current={step.status === "now" ? "step" : undefined} className="flex items-center gap-2.5 sm:block">
          <span
            aria-hidden="true"
            className={cx(
              "relative block h-3 w-3 shrink-0 overflow-hidden rounded-full sm:h-1.5 sm:w-full",
              step.status === "done" ? "bg-good" : step.status === "now" ? "shimmer ring-1 ring-amber" : "bg-sunken ring-1 ring-line",
            )}
          />
          <span className={cx("text-[0.8125rem] sm:mt-1.5 sm:block", step.status === "now" ? "font-semibold" : "text-muted")}>
            {step.title}
            <span className="sr-only">{step.status === "done" ? ", done" : step.status === "now" ? ", in progress" : ", still to come"}</span>
          </span>
        </li>
      ))}
    </ol>
  );
}

function Edit({ agent, onClose }: { agent: Deployment; onClose: () => void }) {
  const [name, setName] = useState<string>(agent.name);
  const [plan, setPlan] = useState<PlanName>(agent.plan);
  const catalogue = useQuery(catalogueQuery).data;
  const client = useQueryClient();
  const change = useMutation({
    mutationFn: () => edit(agent.id, { ...(name.trim() === agent.name ? {} : { name: name.trim() }), ...(plan === agent.plan ? {} : { plan }) }),
    onSuccess: () => {
      refresh(client, agent.id);
      say("Saved.");
      onClose();
    },
  });
  const pay = useMutation({ mutationFn: () => checkout(agent.id, plan), onSuccess: (link) => window.location.assign(link.url), onError: complain });
  const same = name.trim() === agent.name && plan === agent.plan;
  return (
    <Dialog title="Name and plan" onClose={onClose}>
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim() !== "" && !same) change.mutate();
        }}
      >
        {isStatus(change.error, 402) ? (
          <Notice tone="warn" alert title="This plan is paid for first">
            <Button small look="primary" busy={pay.isPending} onClick={() => pay.mutate()}>
              To the payment page
            </Button>
          </Notice>
        ) : (
          change.error && <ProblemNotice error={change.error} />
        )}
        <TextField label="Name" value={name} maxLength={80} autoFocus onChange={(event) => setName(event.target.value)} hint="Its address stays as it is." />
        <SelectField label="Plan" value={plan} onChange={(event) => setPlan(event.target.value as PlanName)} hint="Another plan restarts the agent; it keeps everything it has.">
          {(catalogue?.plans ?? []).map(({ name: each, title, limits }) => (
            <option key={each} value={each}>
              {`${title}: ${cores(limits.cpu_millis)}, ${bytes(limits.memory_bytes)} memory`}
            </option>
          ))}
        </SelectField>
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={change.isPending} disabled={name.trim() === "" || same}>
            Save
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
