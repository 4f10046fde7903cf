import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { isStatus } from "../api/problem";
import { billingPortal, billingQuery, cancelSubscription, checkout, invoicesQuery, refreshBilling, showCard } from "../api/queries";
import type { Billing as Bill, BillingLink, CancelWhen, Invoice, Subscription } from "../api/types";
import { day, money } from "../lib/format";
import { useNow, useTitle } from "../lib/hooks";
import { daysLeft, isLate, stageTitle, stageTone } from "../lib/billing";
import { Button, Card, cx, Empty, Notice, PageSkeleton, ProblemNotice, Skeleton } from "../ui/basics";
import { Dialog } from "../ui/Dialog";
import { Page } from "../ui/Shell";
import { complain, say } from "../ui/toasts";

const route = getRouteApi("/inside/billing");

export default function Billing() {
  useTitle("Billing");
  const bill = useQuery(billingQuery);
  const { paid } = route.useSearch();
  return (
    <Page>
      <h1 className="text-3xl">Billing</h1>
      <div className="mt-6 grid gap-5">
        {paid !== undefined && <ComesBack deployment={paid} bill={bill.data} />}
        {bill.data ? (
          <>
            <Late bill={bill.data} />
            <Subscriptions bill={bill.data} />
            <Card_ bill={bill.data} />
            <Invoices />
          </>
        ) : bill.error ? (
          isStatus(bill.error, 409) ? (
            <Empty title="No money is taken here">Every plan of this Vivier is free to choose.</Empty>
          ) : (
            <ProblemNotice error={bill.error} onRetry={() => void bill.refetch()} />
          )
        ) : (
          <PageSkeleton rows={2} />
        )}
      </div>
    </Page>
  );
}

/** Somebody comes back from the payment page: the bill is read again until it says so. */
function ComesBack({ deployment, bill }: { deployment: string; bill: Bill | undefined }) {
  const client = useQueryClient();
  const one = bill?.subscriptions.find((each) => each.deployment === deployment);
  const done = one?.stage === "good";
  useEffect(() => {
    if (done) return;
    let left = 20;
    const again = (): void => {
      left -= 1;
      void refreshBilling()
        .catch(() => undefined)
        .then(() => client.invalidateQueries({ queryKey: billingQuery.queryKey }));
      if (left === 0) window.clearInterval(timer);
    };
    const timer = window.setInterval(again, 3_000);
    again();
    return () => window.clearInterval(timer);
  }, [client, done]);
  if (done)
    return (
      <Notice tone="good" title={`${one.name} is paid for, and runs`}>
        <Link to="/agents/$id" params={{ id: deployment }} className="link">
          Go to {one.name}
        </Link>
      </Notice>
    );
  return <Notice title="Thank you">The payment is being confirmed. {one ? `${one.name} starts` : "Your agent starts"} as soon as it is; this page says so.</Notice>;
}

function Late({ bill }: { bill: Bill }) {
  const now = useNow();
  const late = bill.subscriptions.filter(isLate);
  return late.map((one) => (
    <Notice key={one.deployment} tone="bad" alert title={one.stage === "grace" ? `${one.name}: ${daysLeft(one, now)} left to pay` : `${one.name} is ${stageTitle(one.stage).toLowerCase()}`}>
      <p>{one.stage === "grace" ? "A payment has failed. It runs on until then; pay, and nothing happens." : one.explanation}</p>
      <div className="mt-3">
        <Pay one={one} />
      </div>
    </Notice>
  ));
}

function useLeave(ask: () => Promise<BillingLink>) {
  return useMutation({ mutationFn: ask, onSuccess: (link) => window.location.assign(link.url), onError: complain });
}

/** Where a missing payment is made: the first one on a page of its own, a later one on the provider's pages, where the card is changed. */
function Pay({ one }: { one: Subscription }) {
  const first = useLeave(() => checkout(one.deployment));
  const later = useLeave(billingPortal);
  if (one.can_pay)
    return (
      <Button look="primary" small busy={first.isPending} onClick={() => first.mutate()}>
        Pay for {one.name}
      </Button>
    );
  return (
    <Button look="primary" small busy={later.isPending} onClick={() => later.mutate()}>
      Pay or change the card
    </Button>
  );
}

function Subscriptions({ bill }: { bill: Bill }) {
  const [ending, setEnding] = useState<Subscription | null>(null);
  const shown = bill.subscriptions.filter((one) => one.stage !== "ended");
  const over = bill.subscriptions.length - shown.length;
  return (
    <Card title="Subscriptions">
      {shown.length === 0 ? (
        <Empty title="Nothing is to be paid">An agent of a plan that has a price shows up here.</Empty>
      ) : (
        <ul className="divide-y divide-line">
          {shown.map((one) => (
            <Row key={one.deployment} one={one} onEnd={() => setEnding(one)} />
          ))}
        </ul>
      )}
      {over > 0 && <p className="mt-3 text-[0.8125rem] text-muted">{over === 1 ? "One subscription has" : `${over} subscriptions have`} ended.</p>}
      {ending && <End one={ending} onClose={() => setEnding(null)} />}
    </Card>
  );
}

function Row({ one, onEnd }: { one: Subscription; onEnd: () => void }) {
  const client = useQueryClient();
  const keep = useMutation({
    mutationFn: () => cancelSubscription(one.deployment, "never"),
    onSuccess: () => {
      say(`${one.name} stays.`);
      void client.invalidateQueries({ queryKey: billingQuery.queryKey });
    },
    onError: complain,
  });
  return (
    <li className="flex flex-wrap items-center justify-between gap-3 py-3 first:pt-0 last:pb-0">
      <div className="min-w-0">
        <p className="flex flex-wrap items-center gap-x-2 font-semibold [overflow-wrap:anywhere]">
          <Link to="/agents/$id" params={{ id: one.deployment }} className="link">
            {one.name}
          </Link>
          <span className={cx("text-[0.8125rem] font-normal", stageTone(one.stage))}>{stageTitle(one.stage)}</span>
        </p>
        <p className="text-[0.8125rem] text-muted">
          <span className="capitalize">{one.plan}</span>
          {one.moving_to && (
            <>
              {" "}
              → <span className="capitalize">{one.moving_to}</span>
            </>
          )}
          {one.price && ` · ${money(one.price)} a month`}
          {one.period_ends_at && (one.cancels ? ` · ends ${day(one.period_ends_at)}` : ` · renews ${day(one.period_ends_at)}`)}
        </p>
        {one.trouble && <p className="text-[0.8125rem] text-bad">{one.trouble}</p>}
      </div>
      <div className="flex gap-2">
        {one.can_pay && <Pay one={one} />}
        {one.can_cancel &&
          (one.cancels ? (
            <Button small busy={keep.isPending} onClick={() => keep.mutate()}>
              Keep {one.name}
            </Button>
          ) : (
            <Button small look="danger" aria-label={`Cancel… the subscription of ${one.name}`} onClick={onEnd}>
              Cancel…
            </Button>
          ))}
      </div>
    </li>
  );
}

function End({ one, onClose }: { one: Subscription; onClose: () => void }) {
  const client = useQueryClient();
  const [when, setWhen] = useState<CancelWhen>("period_end");
  const end = useMutation({
    mutationFn: () => cancelSubscription(one.deployment, when),
    onSuccess: () => {
      say(when === "now" ? `${one.name} is being stopped; its data is kept.` : `${one.name} ends with its period.`);
      void client.invalidateQueries({ queryKey: billingQuery.queryKey });
      onClose();
    },
  });
  const choices: [CancelWhen, string, string][] = [
    ["period_end", "With its period", one.period_ends_at ? `It runs until ${day(one.period_ends_at)}; then it is stopped.` : "It runs until the period is over; then it is stopped."],
    ["now", "Now", "It is stopped at once. What was paid and not used becomes credit for later invoices."],
  ];
  return (
    <Dialog title={`Cancel the subscription of ${one.name}?`} onClose={onClose}>
      <div className="grid gap-4">
        {end.error && <ProblemNotice error={end.error} />}
        <fieldset className="grid gap-2">
          <legend className="sr-only">When</legend>
          {choices.map(([value, title, words]) => (
            <label key={value} className="flex gap-3 rounded-lg border border-line p-3">
              <input type="radio" name="when" value={value} checked={when === value} onChange={() => setWhen(value)} className="mt-1" />
              <span>
                <span className="block font-semibold">{title}</span>
                <span className="block text-[0.8125rem] text-muted">{words}</span>
              </span>
            </label>
          ))}
        </fieldset>
        <p>Its data is kept for a while, and it runs again as soon as it is paid for again.</p>
        <div className="flex flex-wrap gap-2">
          <Button look="danger" busy={end.isPending} onClick={() => end.mutate()}>
            Cancel the subscription
          </Button>
          <Button onClick={onClose}>Keep it</Button>
        </div>
      </div>
    </Dialog>
  );
}

function Card_({ bill }: { bill: Bill }) {
  const show = useLeave(showCard);
  const portal = useLeave(billingPortal);
  return (
    <Card
      title="Payment method"
      actions={
        bill.card ? (
          <Button small busy={portal.isPending} onClick={() => portal.mutate()}>
            Change it
          </Button>
        ) : (
          <Button small busy={show.isPending} onClick={() => show.mutate()}>
            Add a card
          </Button>
        )
      }
    >
      {bill.card ? (
        <p>
          <span className="capitalize">{bill.card.brand}</span> ending in {bill.card.last4}, good until {String(bill.card.exp_month).padStart(2, "0")}/{bill.card.exp_year}
        </p>
      ) : (
        <p className="text-muted">No card is known. You are asked for one when you pay for an agent.</p>
      )}
    </Card>
  );
}

function Invoices() {
  const invoices = useQuery(invoicesQuery);
  return (
    <Card title="Invoices">
      {invoices.data ? (
        invoices.data.length === 0 ? (
          <Empty title="No invoices yet">The first one comes with the first payment.</Empty>
        ) : (
          <ul className="divide-y divide-line">
            {invoices.data.map((one) => (
              <InvoiceRow key={one.id} one={one} />
            ))}
          </ul>
        )
      ) : invoices.error ? (
        <ProblemNotice error={invoices.error} onRetry={() => void invoices.refetch()} />
      ) : (
        <Skeleton className="h-20 w-full" />
      )}
    </Card>
  );
}

function InvoiceRow({ one }: { one: Invoice }) {
  const name = one.number ?? "Draft";
  return (
    <li className="flex flex-wrap items-center justify-between gap-3 py-3 first:pt-0 last:pb-0">
      <div className="min-w-0">
        <p className="font-semibold [overflow-wrap:anywhere]">
          {money(one.total)} <span className={cx("text-[0.8125rem] font-normal capitalize", one.status === "paid" ? "text-good" : one.status === "open" ? "text-amber" : "text-muted")}>{one.status}</span>
        </p>
        <p className="text-[0.8125rem] text-muted">
          {name} · {day(one.created_at)}
        </p>
        {one.not_billed && (
          <p className="text-[0.8125rem] text-muted">
            {one.not_billed.words}: {money(one.not_billed.amount)} taken off
          </p>
        )}
      </div>
      <div className="flex gap-3">
        {one.url && (
          <a className="link" href={one.url} target="_blank" rel="noreferrer" aria-label={`${one.status === "open" ? "Pay" : "See it"}: invoice ${name}`}>
            {one.status === "open" ? "Pay" : "See it"}
          </a>
        )}
        {one.pdf && (
          <a className="link" href={one.pdf} target="_blank" rel="noreferrer" aria-label={`PDF of invoice ${name}`}>
            PDF
          </a>
        )}
      </div>
    </li>
  );
}
