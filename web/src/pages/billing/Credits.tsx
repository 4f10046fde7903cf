import { useQuery } from "@tanstack/react-query";
import { creditsHistoryQuery, creditsQuery } from "../../api/queries";
import type { CreditEntry } from "../../api/types";
import { count, day, money } from "../../lib/format";
import { Card, ProblemNotice, Skeleton } from "../../ui/basics";

const SOURCES: Record<string, string> = { trial: "for a verified card", referral: "for a referral", operator: "from the operator" };

/** What the account can pay with beside money, and where it came from. */
export function Credits() {
  const credits = useQuery(creditsQuery);
  const history = useQuery(creditsHistoryQuery);
  return (
    <Card title="Credits">
      {credits.data ? (
        <>
          <p>
            <strong className="font-display text-2xl">{credits.data.balance.toLocaleString("en")}</strong>{" "}
            <span className="text-muted">
              {credits.data.balance === 1 ? "credit" : "credits"}, worth {money(credits.data.worth)}. Invoices take them first, those that end soonest before others.
            </span>
          </p>
          {credits.data.grants.length > 0 && (
            <ul className="mt-3 grid gap-1">
              {credits.data.grants.map((grant) => (
                <li key={grant.id}>
                  {grant.left.toLocaleString("en")} of {grant.amount.toLocaleString("en")} {SOURCES[grant.source] ?? grant.source}
                  {grant.note ? `: ${grant.note}` : ""} <span className="text-muted">{grant.expires_at ? `until ${day(grant.expires_at)}` : "without an end"}</span>
                </li>
              ))}
            </ul>
          )}
          {history.data && history.data.length > 0 && (
            <details className="mt-4">
              <summary className="link cursor-pointer text-[0.8125rem]">{count(history.data.length, "line")} of the ledger</summary>
              <ul className="mt-2 grid gap-1 text-[0.8125rem]">
                {history.data.map((line) => (
                  <li key={line.id}>{say(line)}</li>
                ))}
              </ul>
            </details>
          )}
        </>
      ) : credits.error ? (
        <ProblemNotice error={credits.error} onRetry={() => void credits.refetch()} />
      ) : (
        <Skeleton className="h-16 w-full" />
      )}
    </Card>
  );
}

function say(line: CreditEntry): string {
  const amount = line.amount.toLocaleString("en");
  switch (line.kind) {
    case "granted":
      return `${day(line.at)}: +${amount} ${SOURCES[line.source ?? ""] ?? ""}`;
    case "redeemed":
      return `${day(line.at)}: −${amount} for invoice ${line.invoice ?? ""}`;
    case "returned":
      return `${day(line.at)}: +${amount} given back from invoice ${line.invoice ?? ""}`;
  }
}
