import { useQuery } from "@tanstack/react-query";
import { Suspense, lazy, useMemo, useState } from "react";
import { limitsQuery, usageQuery } from "../api/queries";
import type { Usage as UsageOf, UsageAmounts, UsageStep } from "../api/types";
import { bytes } from "../lib/format";
import { useTitle } from "../lib/hooks";
import { Card, Empty, ProblemNotice, SelectField, Skeleton } from "../ui/basics";
import { Page } from "../ui/Shell";
import { Credits } from "./billing/Credits";

const Bars = lazy(() => import("../ui/Bars"));

const SECONDS: Record<UsageStep, number> = { hour: 3_600, day: 86_400 };
const hours = (seconds: number): number => seconds / 3_600;
const short = (value: number): string => (value >= 100 ? Math.round(value).toLocaleString("en") : Number(value.toFixed(2)).toString());

const PLOTS: { title: string; unit: string; of: (amounts: UsageAmounts) => number }[] = [
  { title: "Running", unit: "hours", of: (each) => hours(each.running_seconds) },
  { title: "Processor", unit: "hours", of: (each) => hours(each.cpu_seconds) },
  { title: "Memory", unit: "GB-hours", of: (each) => each.memory_gb_hours },
  { title: "Storage", unit: "GB-hours", of: (each) => each.storage_gb_hours },
  { title: "Sent", unit: "MB", of: (each) => each.egress_bytes / 1024 ** 2 },
  { title: "Received", unit: "MB", of: (each) => each.ingress_bytes / 1024 ** 2 },
];

export default function Usage() {
  useTitle("Usage");
  const [step, setStep] = useState<UsageStep>("day");
  const usage = useQuery(usageQuery(step));
  return (
    <Page>
      <h1 className="text-3xl">Usage</h1>
      <div className="mt-6 grid gap-5">
        <Card title="What your agents used">
          <div className="flex flex-wrap items-end justify-between gap-3">
            <SelectField label="Shown" value={step} onChange={(event) => setStep(event.target.value as UsageStep)} hint="Hours and days are those of UTC.">
              <option value="day">The last 30 days</option>
              <option value="hour">The last 30 hours</option>
            </SelectField>
            <a className="link" href={`/v1/usage/export?step=${step}`} download="usage.csv">
              Download as CSV
            </a>
          </div>
          {usage.data ? <Shown usage={usage.data} /> : usage.error ? <ProblemNotice error={usage.error} onRetry={() => void usage.refetch()} /> : <Skeleton className="mt-4 h-48 w-full" />}
        </Card>
        <Credits />
        <Limits />
      </div>
    </Page>
  );
}

function Shown({ usage }: { usage: UsageOf }) {
  const step = SECONDS[usage.step];
  const times = useMemo(() => {
    const [from, to] = [Date.parse(usage.from) / 1000, Date.parse(usage.to) / 1000];
    return Array.from({ length: Math.round((to - from) / step) }, (_, place) => from + place * step);
  }, [usage, step]);
  const plots = useMemo(() => {
    const at = new Map(usage.series.map((point) => [Date.parse(point.starts_at) / 1000, point]));
    return PLOTS.map((plot) => ({
      ...plot,
      total: plot.of(usage.total),
      values: times.map((time) => {
        const point = at.get(time);
        return point ? plot.of(point) : 0;
      }),
    }));
  }, [usage, times]);
  if (usage.series.length === 0) return <Empty title="Nothing was used in this time">An agent is measured every minute from its start on.</Empty>;
  return (
    <>
      <div className="mt-5 grid gap-5 md:grid-cols-2 xl:grid-cols-3">
        {plots.map(({ title, unit, total, values }) => (
          <figure key={title}>
            <figcaption className="flex justify-between text-[0.8125rem]">
              <span className="font-semibold">{title}</span>
              <span className="text-muted">
                {short(total)} {unit}
              </span>
            </figcaption>
            <Suspense fallback={<Skeleton className="h-[130px] w-full" />}>
              <Bars label={title} unit={unit} times={times} values={values} step={step} />
            </Suspense>
          </figure>
        ))}
      </div>
      <div className="mt-5 overflow-x-auto" tabIndex={0} role="region" aria-label="Usage of each agent">
        <table className="w-full min-w-[40rem] text-left">
          <thead className="text-[0.8125rem] text-muted">
            <tr>
              {["Agent", "Running", "Processor", "Memory", "Storage", "Sent", "Received"].map((head) => (
                <th key={head} scope="col" className="py-2 pr-4 font-semibold">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {usage.deployments.map((each) => (
              <tr key={each.deployment} className="border-t border-line">
                <th scope="row" className="py-2 pr-4 font-semibold [overflow-wrap:anywhere]">
                  {each.name}
                </th>
                <td className="py-2 pr-4">{short(hours(each.running_seconds))} h</td>
                <td className="py-2 pr-4">{short(hours(each.cpu_seconds))} h</td>
                <td className="py-2 pr-4">{short(each.memory_gb_hours)} GB-h</td>
                <td className="py-2 pr-4">{short(each.storage_gb_hours)} GB-h</td>
                <td className="py-2 pr-4">{bytes(each.egress_bytes)}</td>
                <td className="py-2">{bytes(each.ingress_bytes)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function Limits() {
  const limits = useQuery(limitsQuery);
  return (
    <Card title="Limits">
      {limits.data ? (
        <div className="overflow-x-auto" tabIndex={0} role="region" aria-label="Limits of the account">
          <table className="w-full min-w-[26rem] text-left">
            <thead className="text-[0.8125rem] text-muted">
              <tr>
                {["What", "Used", "Allowed", "Frees"].map((head) => (
                  <th key={head} scope="col" className="py-2 pr-4 font-semibold">
                    {head}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {limits.data.limits.map((each) => (
                <tr key={each.limit} className="border-t border-line">
                  <th scope="row" className="py-2 pr-4 font-normal first-letter:uppercase">
                    {each.title}
                  </th>
                  <td className="py-2 pr-4">{each.used ?? "–"}</td>
                  <td className="py-2 pr-4">
                    {each.allowed}
                    {each.own ? " (set for you)" : ""}
                  </td>
                  <td className="py-2">{each.frees_at ? new Date(each.frees_at).toLocaleTimeString() : ""}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : limits.error ? (
        <ProblemNotice error={limits.error} onRetry={() => void limits.refetch()} />
      ) : (
        <Skeleton className="h-40 w-full" />
      )}
    </Card>
  );
}
