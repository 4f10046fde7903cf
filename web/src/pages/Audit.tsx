/** Who did what, from where, and with what outcome: of one's own account, or of the whole installation. */
import { useInfiniteQuery, useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { auditExport, auditPage, looksQuery, verifyAudit, type AuditFilter } from "../api/console";
import { meQuery } from "../api/queries";
import type { AuditEntry } from "../api/types";
import { count, moment } from "../lib/format";
import { useSettled, useTitle } from "../lib/hooks";
import { Button, buttonClass, Card, cx, Empty, Notice, ProblemNotice, SelectField, Skeleton, TextField } from "../ui/basics";
import { Page } from "../ui/Shell";

export default function Audit() {
  return <AuditLog staff={false} />;
}

export function OperatorAudit() {
  return <AuditLog staff />;
}

const OUTCOMES: Record<AuditEntry["outcome"], string> = { done: "text-muted", refused: "font-semibold text-amber", failed: "font-semibold text-bad" };

function AuditLog({ staff }: { staff: boolean }) {
  useTitle("Audit log");
  const me = useQuery(meQuery).data;
  const [typed, setTyped] = useState({ q: "", action: "" });
  const [outcome, setOutcome] = useState("");
  const settled = useSettled(typed, 300);
  // A word that is no action yet is not asked for: the API would refuse it while it is being typed.
  const whole = settled.action === "" || /^[a-z_]+\.[a-z_]*$/.test(settled.action);
  const filter: AuditFilter = { q: settled.q, action: whole ? settled.action : "", outcome };
  const rows = useInfiniteQuery({
    queryKey: ["audit", staff, filter],
    queryFn: ({ pageParam }) => auditPage(staff, filter, pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    placeholderData: (before) => before,
  });
  const items = rows.data?.pages.flatMap((page) => page.items) ?? [];
  if (staff && me && !me.user.operator) return <Page narrow><Empty page title="For the operator only" /></Page>;
  return (
    <Page>
      <h1 className="text-3xl">Audit log</h1>
      <p className="mt-2 max-w-prose text-muted">
        {staff ? "Every change in this installation, and what was refused. " : "Every change to your account's things, and what was refused. "}
        Each row holds a fingerprint of the one before it, so that a change afterwards shows.
      </p>
      <div className="mt-6 grid gap-5">
        {staff && <Verification />}
        <Card
          title="Rows"
          actions={
            <span className="flex gap-2">
              <a className={buttonClass("plain", true)} href={auditExport(staff, filter, "csv")} download>
                Export CSV
              </a>
              <a className={buttonClass("plain", true)} href={auditExport(staff, filter, "ndjson")} download>
                Export NDJSON
              </a>
            </span>
          }
        >
          <div className="mb-4 grid gap-3 sm:grid-cols-3">
            <TextField label="Who" value={typed.q} onChange={(event) => setTyped({ ...typed, q: event.target.value })} placeholder="part of an address" />
            <TextField label="What" value={typed.action} onChange={(event) => setTyped({ ...typed, action: event.target.value })} placeholder="token.create or token." error={whole ? undefined : "is written as token.create, or token. for all of a kind"} />
            <SelectField label="Outcome" value={outcome} onChange={(event) => setOutcome(event.target.value)}>
              <option value="">any</option>
              <option value="done">done</option>
              <option value="refused">refused</option>
              <option value="failed">failed</option>
            </SelectField>
          </div>
          {rows.error && !rows.data ? (
            <ProblemNotice error={rows.error} onRetry={() => void rows.refetch()} />
          ) : rows.isPending ? (
            <Skeleton className="h-40 w-full" />
          ) : items.length === 0 ? (
            <Empty title="No row fits">Take a filter away.</Empty>
          ) : (
            <ol className="divide-y divide-line" aria-label="Audit log">
              {items.map((row) => (
                <Row key={row.seq} row={row} />
              ))}
            </ol>
          )}
          {rows.hasNextPage && (
            <div className="mt-4">
              <Button busy={rows.isFetchingNextPage} onClick={() => void rows.fetchNextPage()}>
                Older ones
              </Button>
            </div>
          )}
        </Card>
        {!staff && <Looks />}
      </div>
    </Page>
  );
}

function Row({ row }: { row: AuditEntry }) {
  const detail = JSON.stringify(row.detail);
  return (
    <li className="py-2.5 first:pt-0 last:pb-0">
      <p className="[overflow-wrap:anywhere]">
        <span className="font-semibold">{row.action}</span> <span className={OUTCOMES[row.outcome]}>{row.outcome === "done" ? "" : row.outcome}</span>{" "}
        <span className="font-mono text-[0.8125rem] text-muted">{row.subject}</span>
      </p>
      <p className="text-[0.8125rem] text-muted [overflow-wrap:anywhere]">
        {moment(row.at)} · {row.actor ?? "somebody whose account is deleted"}
        {row.from && ` · from ${row.from}`}
      </p>
      {detail !== "{}" && <p className="mt-0.5 font-mono text-[0.8125rem] text-muted [overflow-wrap:anywhere]">{detail}</p>}
    </li>
  );
}

function Verification() {
  const check = useMutation({ mutationFn: verifyAudit });
  const report = check.data;
  return (
    <Card title="Is it what was written?" actions={<Button small busy={check.isPending} onClick={() => check.mutate()}>Verify now</Button>}>
      <div className="grid gap-3">
        <p className="max-w-prose text-muted">Reads every row against the one before it, and the end against its seal. It happens by itself once a day; the end is also in the log of the server, every hour.</p>
        {check.error && <ProblemNotice error={check.error} />}
        {report && (
          <Notice tone={report.count === 0 ? "good" : "bad"} title={report.count === 0 ? `${count(report.rows, "row")}, each as it was written` : `${count(report.count, "finding")} in ${count(report.rows, "row")}`} alert>
            {report.findings.map((finding) => (
              <p key={`${finding.place}-${finding.trouble}`}>{finding.message}</p>
            ))}
            {report.head && <p className={cx("font-mono text-[0.8125rem] [overflow-wrap:anywhere]")}>{`${report.head.place}:${report.head.hash}`}</p>}
          </Notice>
        )}
      </div>
    </Card>
  );
}

function Looks() {
  const looks = useQuery(looksQuery);
  return (
    <Card title="Who looked at your account">
      <p className="mb-3 max-w-prose text-muted">Operators of this Vivier may look at what an admin of your account sees, for a while and for a reason. They can change nothing and see no secret.</p>
      {looks.data ? (
        looks.data.length === 0 ? (
          <p className="text-muted">Nobody has.</p>
        ) : (
          <ul className="divide-y divide-line">
            {looks.data.map((look) => (
              <li key={look.id} className="py-2.5 first:pt-0 last:pb-0">
                <p className="[overflow-wrap:anywhere]">
                  <span className="font-semibold">{look.operator}</span> {look.now ? "is looking" : "looked"}: {look.reason}
                </p>
                <p className="text-[0.8125rem] text-muted">
                  from {moment(look.from)} to {look.now ? `${moment(look.until)} at the latest` : moment(look.until)}
                </p>
              </li>
            ))}
          </ul>
        )
      ) : looks.error ? (
        <ProblemNotice error={looks.error} onRetry={() => void looks.refetch()} />
      ) : (
        <Skeleton className="h-16 w-full" />
      )}
    </Card>
  );
}
