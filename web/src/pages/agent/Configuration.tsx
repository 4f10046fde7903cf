/** The configuration in its parts: model, channels, document. Each is applied for itself, and each application is a version. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Suspense, useMemo, useState } from "react";
import { ApiProblem, isStatus } from "../../api/problem";
import { applyConfig, catalogueQuery, configQuery, refresh } from "../../api/queries";
import type { Catalogue, ChannelKind, ConfigCheck, ConfigIssue, ConfigOut, Deployment, FieldProblem, NewConfig } from "../../api/types";
import { channelBody, channelErrors, providerBody, providerErrors, shownFields, type ChannelDraft, type ProviderDraft } from "../../lib/draft";
import { asSentence, normalisePath, sortFields } from "../../lib/fields";
import { count } from "../../lib/format";
import { useSettled } from "../../lib/hooks";
import { lazily } from "../../lib/lazily";
import { lineAt, placeOf } from "../../lib/locate";
import { Button, Card, Notice, PageSkeleton, ProblemNotice, Skeleton } from "../../ui/basics";
import { ChannelFields } from "../../ui/ChannelFields";
import { ProviderFields } from "../../ui/ProviderFields";
import { say } from "../../ui/toasts";
import { Portable } from "./Portable";

const Editor = lazily(() => import("../../ui/Editor"));

export default function Configuration({ agent }: { agent: Deployment }) {
  const config = useQuery(configQuery(agent.id));
  const catalogue = useQuery(catalogueQuery);
  const error = config.error ?? catalogue.error;
  if (!config.data || !catalogue.data) return error ? <ProblemNotice error={error} onRetry={() => void config.refetch()} /> : <PageSkeleton rows={3} />;
  const parts = { agent, config: config.data, catalogue: catalogue.data };
  return (
    <div className="grid items-start gap-5 lg:grid-cols-[1.3fr_1fr]">
      <div className="grid min-w-0 gap-5">
        <Model {...parts} key={`model-${config.data.version}`} />
        <Channels {...parts} key={`channels-${config.data.version}`} />
        <Document {...parts} key={`document-${config.data.version}`} />
      </div>
      <div className="grid min-w-0 gap-5">
        <Effective config={config.data} />
        <TakeAlong {...parts} />
        <p className="px-1 text-[0.875rem] text-muted">
          Whatever you apply becomes a revision. One that does not work is taken back by itself; to any other you can{" "}
          <Link to="/agents/$id" params={{ id: agent.id }} search={{ tab: "revisions" }} className="link">
            go back
          </Link>
          .
        </p>
      </div>
    </div>
  );
}

interface Part {
  agent: Deployment;
  config: ConfigOut;
  catalogue: Catalogue;
}

function useApply({ agent, config }: Part) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (change: NewConfig) => applyConfig(agent.id, { ...change, expected_version: config.version }),
    onSuccess: () => {
      say("Accepted. The timeline shows how it is applied.");
      void client.invalidateQueries({ queryKey: ["config", agent.id] });
      void client.invalidateQueries({ queryKey: ["secrets", agent.id] });
      refresh(client, agent.id);
    },
    onError: (error) => {
      // Somebody else was faster: show theirs, keep ours in the form.
      if (isStatus(error, 409)) void client.invalidateQueries({ queryKey: ["config", agent.id] });
    },
  });
}

const fieldsOf = (error: unknown) => (error instanceof ApiProblem ? error.fields : []);

function Model(part: Part) {
  const { config, catalogue } = part;
  const current = config.provider;
  const initial: ProviderDraft = current
    ? { kind: current.kind, baseUrl: current.base_url ?? "", model: current.model, key: "" }
    : { kind: catalogue.providers[0]?.kind ?? "openai", baseUrl: "", model: catalogue.providers[0]?.suggested_models[0] ?? "", key: "" };
  const [draft, setDraft] = useState(initial);
  const [tried, setTried] = useState(false);
  const apply = useApply(part);
  const keyKept = current != null && current.kind === draft.kind && (current.base_url ?? "") === draft.baseUrl.trim();
  const own = providerErrors(draft, keyKept);
  const sorted = sortFields(fieldsOf(apply.error), shownFields({ provider: draft, channels: [] }, catalogue));
  const changed = current == null || JSON.stringify(draft) !== JSON.stringify(initial);
  return (
    <Card title="Model">
      <form
        noValidate
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          setTried(true);
          if (Object.keys(own).length === 0) apply.mutate({ provider: providerBody(draft) });
        }}
      >
        {apply.error && Object.keys(sorted.byField).length === 0 && <ProblemNotice error={apply.error} extra={sorted.rest} />}
        <ProviderFields draft={draft} onChange={setDraft} catalogue={catalogue} errors={{ ...sorted.byField, ...(tried ? own : {}) }} keyKept={keyKept} />
        <div>
          <Button type="submit" disabled={!changed} busy={apply.isPending}>
            Apply the model
          </Button>
        </div>
      </form>
    </Card>
  );
}

function Channels(part: Part) {
  const { config, catalogue } = part;
  const initial: ChannelDraft[] = config.channels.map(({ kind, allow_from, api_root }) => ({ kind, tokens: {}, allowFrom: (allow_from ?? []).join(", "), apiRoot: api_root ?? "" }));
  const [drafts, setDrafts] = useState(initial);
  const [tried, setTried] = useState(false);
  const apply = useApply(part);
  const kept = (kind: ChannelKind): boolean => config.channels.some((channel) => channel.kind === kind);
  const own = channelErrors(drafts, catalogue, kept);
  const sorted = sortFields(fieldsOf(apply.error), shownFields({ provider: null, channels: drafts }, catalogue));
  return (
    <Card title="Channels">
      <form
        noValidate
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          setTried(true);
          if (Object.keys(own).length === 0) apply.mutate({ channels: drafts.map(channelBody) });
        }}
      >
        {apply.error && Object.keys(sorted.byField).length === 0 && <ProblemNotice error={apply.error} extra={sorted.rest} />}
        {drafts.length === 0 && <p className="text-muted">It answers in the browser. Add a chat service if you like.</p>}
        <ChannelFields drafts={drafts} onChange={setDrafts} catalogue={catalogue} errors={{ ...sorted.byField, ...(tried ? own : {}) }} kept={kept} />
        <div>
          <Button type="submit" disabled={JSON.stringify(drafts) === JSON.stringify(initial)} busy={apply.isPending}>
            Apply the channels
          </Button>
        </div>
      </form>
    </Card>
  );
}

const isCheck = (answer: unknown): answer is ConfigCheck => typeof answer === "object" && answer !== null && "issues" in answer;

/** What the API complains about in a document, whether it came as a check or as a problem, in the order of the lines. */
function inOrder(found: readonly (ConfigIssue | FieldProblem)[], text: string): ConfigIssue[] {
  const issues = found.map(({ path, message, line }) => ({ path: normalisePath(path).replace(/^text(\.|$)/, ""), message, ...(line ? { line } : {}) }));
  return issues.sort((left, right) => placeOf(text, left)[0] - placeOf(text, right)[0]);
}

function Document(part: Part) {
  const { agent, config } = part;
  const [text, setText] = useState(config.text);
  const apply = useApply(part);
  const settled = useSettled(text, 500);
  const changed = text !== config.text;
  const check = useQuery({
    queryKey: ["check", agent.id, settled],
    queryFn: async (): Promise<ConfigIssue[]> => {
      try {
        const answer: unknown = await applyConfig(agent.id, { text: settled, dry_run: true });
        return isCheck(answer) ? inOrder(answer.issues, settled) : [];
      } catch (error) {
        if (fieldsOf(error).length > 0) return inOrder(fieldsOf(error), settled);
        throw error;
      }
    },
    enabled: settled !== config.text,
    staleTime: 60_000,
    gcTime: 60_000,
  });
  const issues = useMemo(() => {
    if (!changed) return [];
    const refused = inOrder(fieldsOf(apply.error), text);
    return refused.length > 0 && apply.variables?.text === text ? refused : (check.data ?? []);
  }, [changed, apply.error, apply.variables, text, check.data]);
  const checked = settled === text && !check.isFetching;
  return (
    <Card title="Document">
      <p className="mb-3 max-w-prose text-muted">
        OpenClaw's own configuration, in JSON5. Vivier adds what the platform decides: addresses, sign-in, the model and the channels above. It is checked while you type, against the schema of OpenClaw {agent.openclaw_version}.
      </p>
      <Suspense fallback={<Skeleton className="h-64 w-full" />}>
        <Editor label="Configuration document" value={text} onChange={setText} issues={issues} />
      </Suspense>
      <div role="status" aria-live="polite" className="mt-3">
        {issues.length > 0 ? (
          <Notice tone="bad" title={`${count(issues.length, "thing is", "things are")} wrong`}>
            <ul className="mt-1 grid gap-1" data-testid="config-issues">
              {issues.map((issue) => (
                <li key={`${issue.path}:${issue.message}`}>
                  <span className="text-muted">Line {lineAt(text, placeOf(text, issue)[0])}: </span>
                  {issue.path !== "" && <code className="font-mono text-[0.875rem]">{issue.path}</code>} {issue.path === "" ? asSentence(issue.message) : issue.message}
                </li>
              ))}
            </ul>
          </Notice>
        ) : changed ? (
          <p className="text-muted">{check.error ? "It could not be checked just now; it is checked again when you apply it." : checked ? "No mistakes found." : "Checking…"}</p>
        ) : null}
      </div>
      {apply.error && fieldsOf(apply.error).length === 0 && (
        <div className="mt-3">
          <ProblemNotice error={apply.error} />
        </div>
      )}
      <div className="mt-3 flex flex-wrap gap-2">
        <Button look="primary" disabled={!changed || (checked && issues.length > 0)} busy={apply.isPending} onClick={() => apply.mutate({ text })}>
          Apply the document
        </Button>
        <Button disabled={!changed} onClick={() => setText(config.text)}>
          Discard changes
        </Button>
      </div>
    </Card>
  );
}

function TakeAlong(part: Part) {
  const apply = useApply(part);
  return <Portable agent={part.agent} config={part.config} apply={apply.mutateAsync} />;
}

function Effective({ config }: { config: ConfigOut }) {
  const [shown, setShown] = useState(false);
  return (
    <Card
      title="What OpenClaw gets"
      actions={
        <Button small aria-expanded={shown} onClick={() => setShown(!shown)}>
          {shown ? "Hide" : "Show"}
        </Button>
      }
    >
      <p className="text-muted">Your document together with the platform's part. Secrets are references, never text.</p>
      {shown && (
        <pre tabIndex={0} aria-label="Effective configuration" className="mt-3 max-h-[32rem] overflow-auto rounded-xl bg-sunken p-3 font-mono text-[0.78125rem]">
          {JSON.stringify(config.effective, null, 2)}
        </pre>
      )}
    </Card>
  );
}
