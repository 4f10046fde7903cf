/** The books: what every account brought and cost, and where ledger, payment provider and runtime do not agree. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { compareBooks, comparisonsQuery, marginsQuery } from "../../api/console";
import type { Difference, Margin } from "../../api/types";
import { count, moment, money } from "../../lib/format";
import { useTitle } from "../../lib/hooks";
import { Button, Card, ProblemNotice, Skeleton } from "../../ui/basics";
import { Page } from "../../ui/Shell";
import { complain, say } from "../../ui/toasts";

/** What each kind of difference is called. */
const KINDS: Record<Difference["kind"], string> = {
  runs_unpaid: "Runs without being paid",
  paid_not_running: "Paid, and does not run",
  invoice_credits: "Credits on an invoice and in the ledger differ",
  unknown_invoice: "Credits for an invoice that nobody knows",
  broken_grant: "A grant that does not add up",
  not_read: "Not read at the payment provider for two days",
  unowned_container: "A container that nobody owns",
};

export default function Books() {
  useTitle("Books");
  return (
    <Page>
      <p className="mb-2">
        <Link to="/operator" className="link">Operator</Link>
      </p>
      <h1 className="text-3xl">Books</h1>
      <div className="mt-6 grid gap-5">
        <Comparison />
        <Margins />
      </div>
    </Page>
  );
}

function Comparison() {
  const comparisons = useQuery(comparisonsQuery);
  const client = useQueryClient();
  const compare = useMutation({
    mutationFn: compareBooks,
    onSuccess: (found) => say(found.count === 0 ? "Everything agrees." : `${count(found.count, "difference")} found.`),
    onSettled: () => client.invalidateQueries({ queryKey: comparisonsQuery.queryKey }),
    onError: complain,
  });
  const last = comparisons.data?.[0];
  return (
    <Card title="Do they agree?">
      <div className="flex flex-wrap items-start justify-between gap-3">
        <p className="max-w-prose text-muted">Every night ledger, payment provider and runtime are compared. Nothing is repaired by itself: each difference is named here and mailed to the operators.</p>
        <Button busy={compare.isPending} onClick={() => compare.mutate()}>
          Compare now
        </Button>
      </div>
      {comparisons.data ? (
        <div className="mt-4" data-testid="comparison">
          {last === undefined ? (
            <p>They have not been compared yet.</p>
          ) : (
            <>
              <p className="font-semibold">
                {last.count === 0 ? "They agree" : count(last.count, "difference")} <span className="font-normal text-muted">· {moment(last.at)}</span>
              </p>
              <ul className="mt-2 divide-y divide-line" aria-label="Differences">
                {last.differences.map((difference, at) => (
                  <li key={at} className="py-3 last:pb-0 [overflow-wrap:anywhere]">
                    <p className="font-semibold">{KINDS[difference.kind]}</p>
                    <p className="text-[0.875rem] text-muted">{difference.message}</p>
                    {difference.account && (
                      <Link to="/operator/accounts/$id" params={{ id: difference.account }} className="link text-[0.875rem]">
                        To the account<span className="sr-only"> {difference.account}</span>
                      </Link>
                    )}
                  </li>
                ))}
              </ul>
            </>
          )}
        </div>
      ) : comparisons.error ? (
        <ProblemNotice error={comparisons.error} onRetry={() => void comparisons.refetch()} />
      ) : (
        <Skeleton className="mt-4 h-16 w-full" />
      )}
    </Card>
  );
}

function Margins() {
  const margins = useQuery(marginsQuery);
  return (
    <Card title="The last thirty days">
      <p className="mb-3 max-w-prose text-muted">Revenue is what was paid on invoices; cost is what was used, by the price list of the settings (server.costs).</p>
      {margins.data ? (
        margins.data.length === 0 ? (
          <p>No account has brought or cost anything.</p>
        ) : (
          <ul className="divide-y divide-line" aria-label="Accounts">
            {margins.data.map((margin) => (
              <Row key={margin.account} margin={margin} />
            ))}
          </ul>
        )
      ) : margins.error ? (
        <ProblemNotice error={margins.error} onRetry={() => void margins.refetch()} />
      ) : (
        <Skeleton className="h-28 w-full" />
      )}
    </Card>
  );
}

function Row({ margin }: { margin: Margin }) {
  const columns = [
    ["Revenue", margin.revenue],
    ["Cost", margin.cost],
    ["Margin", margin.margin],
  ] as const;
  return (
    <li className="grid gap-x-6 gap-y-1 py-3 first:pt-0 last:pb-0 sm:grid-cols-[1fr_auto]">
      <p className="min-w-0 font-semibold [overflow-wrap:anywhere]">
        <Link to="/operator/accounts/$id" params={{ id: margin.account }} className="link">
          {margin.name}
        </Link>
      </p>
      <dl className="grid grid-cols-3 gap-x-6 text-[0.875rem]">
        {columns.map(([name, amount]) => (
          <div key={name} className="sm:min-w-20 sm:text-right">
            <dt className="text-muted">{name}</dt>
            <dd className={amount.amount < 0 ? "font-semibold text-bad" : "font-semibold"}>{money(amount)}</dd>
          </div>
        ))}
      </dl>
    </li>
  );
}
