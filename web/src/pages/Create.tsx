/** A new agent: template, name, model, channels, one button. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useRef, useState, type FormEvent } from "react";
import { ApiProblem } from "../api/problem";
import { catalogueQuery, create, meQuery, refresh } from "../api/queries";
import type { Catalogue, PlanName, TemplateName } from "../api/types";
import { body, draftErrors, emptyChannel, shownFields, type Draft } from "../lib/draft";
import { sortFields } from "../lib/fields";
import { bytes, cores, money, count } from "../lib/format";
import { useTitle } from "../lib/hooks";
import { recall, recallKey, remember } from "../lib/remember";
import { slugPreview } from "../lib/slug";
import { Button, Card, cx, Notice, PageSkeleton, ProblemNotice, TextField } from "../ui/basics";
import { ChannelFields } from "../ui/ChannelFields";
import { ProviderFields } from "../ui/ProviderFields";
import { Page } from "../ui/Shell";
import { JustTry } from "./JustTry";

export default function Create() {
  useTitle("New agent");
  const catalogue = useQuery(catalogueQuery);
  const me = useQuery(meQuery);
  return (
    <Page narrow>
      {catalogue.data && me.data ? (
        <Form catalogue={catalogue.data} account={me.data.account?.id ?? ""} />
      ) : catalogue.error ? (
        <ProblemNotice error={catalogue.error} onRetry={() => void catalogue.refetch()} />
      ) : (
        <PageSkeleton />
      )}
    </Page>
  );
}

function begin(catalogue: Catalogue, account: string, wanted: string | undefined): Draft {
  const last = recall(account);
  const template = catalogue.templates.find((each) => each.name === wanted) ?? catalogue.templates[0];
  const provider = catalogue.providers[0];
  const known = last && catalogue.providers.some((each) => each.kind === last.provider.kind) ? last : null;
  const offered = catalogue.plans.filter((each) => each.offered);
  const plan = offered.find((each) => each.name === last?.plan) ?? offered[0];
  return {
    template: template?.name ?? "assistant",
    name: "",
    slug: "",
    plan: plan?.name ?? "trial",
    provider: known
      ? { ...known.provider, key: recallKey(account, known) }
      : { kind: provider?.kind ?? "openai", baseUrl: "", model: provider?.suggested_models[0] ?? "", key: "" },
    channels: template?.channel ? [emptyChannel(template.channel)] : [],
  };
}

function Form({ catalogue, account }: { catalogue: Catalogue; account: string }) {
  const { template: wanted } = useSearch({ from: "/inside/agents/new" });
  const [draft, setDraft] = useState(() => begin(catalogue, account, wanted));
  const [tried, setTried] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const client = useQueryClient();
  const navigate = useNavigate();
  const make = useMutation({
    mutationFn: () => create(body(draft)),
    onSuccess: (made) => {
      if (draft.provider) {
        const { kind, baseUrl, model, key } = draft.provider;
        remember(account, { plan: draft.plan, provider: { kind, baseUrl, model }, hadKey: key.trim() !== "" }, key.trim());
      }
      refresh(client);
      void navigate({ to: "/agents/$id", params: { id: made.id } });
    },
  });
  const problem = make.error instanceof ApiProblem ? make.error : null;
  const sorted = sortFields(problem?.fields ?? [], shownFields(draft, catalogue));
  const errors = { ...sorted.byField, ...(tried ? draftErrors(draft, catalogue) : {}) };
  const edit = (change: Partial<Draft>): void => {
    setDraft({ ...draft, ...change });
    // What the server said was about the text from before.
    if (make.error) make.reset();
  };

  // The first wrong field gets the focus: by keyboard and screen reader it is where the work is.
  const complaint = tried ? Object.keys(errors).join() : "";
  const attempts = useRef(0);
  useEffect(() => {
    if (complaint !== "" && attempts.current > 0) {
      attempts.current = 0;
      form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
    }
  }, [complaint, make.error]);

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setTried(true);
    attempts.current += 1;
    if (Object.keys(draftErrors(draft, catalogue)).length === 0) make.mutate();
    else form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
  };

  const template = catalogue.templates.find((each) => each.name === draft.template);
  const plan = catalogue.plans.find((each) => each.name === draft.plan);
  const label = draft.slug || `${slugPreview(draft.name)}-…`;
  const cramped = draft.channels.some((channel) => channel.kind === "discord") && plan !== undefined && plan.limits.memory_bytes < 2 * 1024 ** 3;

  return (
    <form ref={form} noValidate onSubmit={submit} className="grid gap-5">
      <div className="flex flex-wrap items-center justify-between gap-3">
        <h1 className="text-3xl">New agent</h1>
        <JustTry />
      </div>
      {catalogue.openclaw_version == null && (
        <Notice tone="warn" title="No agent image yet">
          There is no OpenClaw release to run. Whoever runs this Vivier builds one with <code>vivierd release build</code>.
        </Notice>
      )}

      <Card title="What is it for?">
        <Choices<TemplateName>
          name="template"
          label="Template"
          value={draft.template}
          onChange={(value) => {
            const channel = catalogue.templates.find((each) => each.name === value)?.channel;
            edit({ template: value, channels: channel ? [draft.channels.find((each) => each.kind === channel) ?? emptyChannel(channel)] : [] });
          }}
          options={catalogue.templates.map(({ name, title, description }) => ({ value: name, title, text: description }))}
        />
      </Card>

      <Card title="Name and plan">
        <div className="grid gap-4">
          <div className="grid gap-4 sm:grid-cols-2">
            <TextField
              label="Name"
              autoComplete="off"
              maxLength={80}
              value={draft.name}
              onChange={(event) => edit({ name: event.target.value })}
              error={errors["name"]}
              hint={
                <>
                  Its address: <span className="font-mono text-ink">{`${label}.${catalogue.base_domain}`}</span>
                </>
              }
            />
            <TextField
              label="Address"
              optional
              autoComplete="off"
              spellCheck={false}
              autoCapitalize="none"
              placeholder={slugPreview(draft.name)}
              value={draft.slug}
              onChange={(event) => edit({ slug: event.target.value.toLowerCase().trim() })}
              error={errors["slug"] ?? undefined}
              hint="The first part of the address, if you want to choose it."
            />
          </div>
          <Choices<PlanName>
            name="plan"
            label="Plan"
            value={draft.plan}
            onChange={(value) => edit({ plan: value })}
            options={catalogue.plans.filter((each) => each.offered).map(({ name, title, limits, price, expires_after_hours }) => ({
              value: name,
              title,
              text: `${cores(limits.cpu_millis)}, ${bytes(limits.memory_bytes)} memory, ${bytes(limits.storage_bytes)} storage${price ? `, ${money(price)} a month` : ""}${expires_after_hours ? `. Ends after ${count(expires_after_hours, "hour")}.` : ""}`,
            }))}
          />
          {catalogue.billing && (plan?.price?.amount ?? 0) > 0 && <p className="text-[0.8125rem] text-muted">It starts as soon as it is paid; you are asked for that next.</p>}
          {errors["plan"] && <p className="text-[0.8125rem] text-bad">{errors["plan"]}</p>}
          {cramped && <Notice tone="warn">Discord's client needs about 300 MB for itself. A plan with 2 GB of memory is the better choice.</Notice>}
        </div>
      </Card>

      <Card title="Model">
        {draft.provider ? (
          <>
            <ProviderFields draft={draft.provider} onChange={(provider) => edit({ provider })} catalogue={catalogue} errors={errors} />
            <button type="button" className="link mt-4 text-[0.8125rem]" onClick={() => edit({ provider: null })}>
              Set the model up later
            </button>
          </>
        ) : (
          <Notice tone="warn" title="Without a model it cannot answer">
            <p>The agent will start, and you can add a model on its page later.</p>
            <Button small className="mt-2" onClick={() => edit({ provider: begin(catalogue, account, undefined).provider })}>
              Set it up now
            </Button>
          </Notice>
        )}
      </Card>

      <Card title="Channels">
        <p className="mb-3 text-muted">{template?.channel ? "Where it answers, beside the browser." : "It always answers in the browser. Add a chat service if you like."}</p>
        <ChannelFields drafts={draft.channels} onChange={(channels) => edit({ channels })} catalogue={catalogue} errors={errors} required={template?.channel} />
      </Card>

      {make.error && (Object.keys(sorted.byField).length === 0 || sorted.rest.length > 0) && <ProblemNotice error={make.error} extra={sorted.rest} />}
      <div className="sticky bottom-0 -mx-4 flex flex-wrap items-center justify-end gap-3 border-t border-line bg-paper px-4 py-3 sm:mx-0 sm:px-0">
        {Object.keys(errors).length > 0 && (
          <p role="alert" className="mr-auto font-medium text-bad">
            {count(Object.keys(errors).length, "field needs", "fields need")} another look.
          </p>
        )}
        <Button type="submit" look="primary" busy={make.isPending}>
          {make.isPending ? "Creating…" : "Create agent"}
        </Button>
      </div>
    </form>
  );
}

interface ChoicesProps<T extends string> {
  name: string;
  label: string;
  value: T;
  onChange: (value: T) => void;
  options: { value: T; title: string; text: string }[];
}

/** Cards that are radio buttons: arrow keys move, screen readers count. */
function Choices<T extends string>({ name, label, value, onChange, options }: ChoicesProps<T>) {
  return (
    <fieldset>
      <legend className="sr-only">{label}</legend>
      <div className="grid gap-2.5 sm:grid-cols-2">
        {options.map((option) => (
          <label
            key={option.value}
            className={cx(
              "relative block rounded-xl border px-4 py-3 has-[:focus-visible]:outline-3 has-[:focus-visible]:outline-offset-2 has-[:focus-visible]:outline-teal",
              option.value === value ? "border-teal bg-teal-soft ring-1 ring-teal" : "border-line-strong bg-surface hover:bg-sunken",
            )}
          >
            <input type="radio" className="sr-only" name={name} value={option.value} checked={option.value === value} onChange={() => onChange(option.value)} />
            <span className="flex items-center justify-between gap-2 font-display text-lg font-semibold">
              {option.title}
              <span aria-hidden="true" className={cx("grid size-5 place-items-center rounded-full border-2", option.value === value ? "border-teal" : "border-line-strong")}>
                {option.value === value && <span className="size-2.5 rounded-full bg-teal" />}
              </span>
            </span>
            <span className="block text-[0.875rem] text-muted">{option.text}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
