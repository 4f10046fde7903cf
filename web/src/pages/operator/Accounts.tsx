/** Accounts, and one of them: people, agents, looks; and what an operator may do about it. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams, useRouter } from "@tanstack/react-router";
import { useState } from "react";
import { accountsQuery, anyAccountQuery, beginLook, holdAccount } from "../../api/console";
import type { ConsoleAccountDetail } from "../../api/types";
import { count, day, moment } from "../../lib/format";
import { useSettled, useTitle } from "../../lib/hooks";
import { Button, Card, Empty, PageSkeleton, ProblemNotice, Skeleton, TextField } from "../../ui/basics";
import { Dialog } from "../../ui/Dialog";
import { Page } from "../../ui/Shell";
import { StateBadge } from "../../ui/StateBadge";
import { say } from "../../ui/toasts";

export default function Accounts() {
  useTitle("Accounts");
  const [typed, setTyped] = useState("");
  const accounts = useQuery(accountsQuery(useSettled(typed, 300)));
  return (
    <Page>
      <h1 className="text-3xl">Accounts</h1>
      <Card className="mt-6">
        <div className="mb-4">
          <TextField label="Find" value={typed} onChange={(event) => setTyped(event.target.value)} placeholder="name, address of a member, or id" />
        </div>
        {accounts.data ? (
          accounts.data.length === 0 ? (
            <Empty title="No account fits" />
          ) : (
            <ul className="divide-y divide-line" aria-label="Accounts">
              {accounts.data.map((account) => (
                <li key={account.id} className="py-3 first:pt-0 last:pb-0">
                  <p className="font-semibold [overflow-wrap:anywhere]">
                    <Link to="/operator/accounts/$id" params={{ id: account.id }} className="link">
                      {account.name}
                    </Link>
                  </p>
                  <p className="text-[0.8125rem] text-muted [overflow-wrap:anywhere]">
                    {account.owner ?? "nobody owns it"} · {count(account.deployments, "agent")}
                    {account.held > 0 && `, ${account.held} held`} · {count(account.open_tickets, "open ticket")} · since {day(account.created_at)}
                    {account.closed_at && ` · deleted ${day(account.closed_at)}`}
                  </p>
                </li>
              ))}
            </ul>
          )
        ) : accounts.error ? (
          <ProblemNotice error={accounts.error} onRetry={() => void accounts.refetch()} />
        ) : (
          <Skeleton className="h-28 w-full" />
        )}
      </Card>
    </Page>
  );
}

export function OneAccount() {
  const { id } = useParams({ strict: false });
  const account = useQuery(anyAccountQuery(id ?? ""));
  useTitle(account.data?.name ?? "Account");
  return (
    <Page>
      <p className="mb-2">
        <Link to="/operator/accounts" className="link">All accounts</Link>
      </p>
      {account.data ? <Detail account={account.data} /> : account.error ? <ProblemNotice error={account.error} onRetry={() => void account.refetch()} /> : <PageSkeleton />}
    </Page>
  );
}

type Asked = "look" | "suspend" | "resume";

function Detail({ account }: { account: ConsoleAccountDetail }) {
  const [asked, setAsked] = useState<Asked | null>(null);
  return (
    <div className="grid gap-5">
      <div className="flex flex-wrap items-center justify-between gap-3">
        <div className="min-w-0">
          <h1 className="text-3xl [overflow-wrap:anywhere]">{account.name}</h1>
          <p className="font-mono text-[0.8125rem] text-muted [overflow-wrap:anywhere]">{account.id}</p>
          <p className="text-[0.8125rem] text-muted">{count(account.credits, "credit")}</p>
        </div>
        <div className="flex flex-wrap gap-2">
          <Button onClick={() => setAsked("look")}>Look at it…</Button>
          {account.held > 0 && <Button onClick={() => setAsked("resume")}>Resume…</Button>}
          <Button look="danger" onClick={() => setAsked("suspend")}>
            Suspend everything…
          </Button>
        </div>
      </div>
      <div className="grid items-start gap-5 lg:grid-cols-2">
        <Card title="People">
          <ul className="divide-y divide-line">
            {account.people.map((person) => (
              <li key={person.user} className="py-2 first:pt-0 last:pb-0">
                <span className="[overflow-wrap:anywhere]">{person.email}</span> <span className="text-muted">{person.role}</span>
              </li>
            ))}
          </ul>
        </Card>
        <Card title="Agents">
          {account.agents.length === 0 ? (
            <p className="text-muted">It has none.</p>
          ) : (
            <ul className="divide-y divide-line">
              {account.agents.map((agent) => (
                <li key={agent.id} className="flex flex-wrap items-center justify-between gap-2 py-2 first:pt-0 last:pb-0">
                  <span className="min-w-0 [overflow-wrap:anywhere]">
                    {agent.name} <span className="text-muted">{agent.plan}</span>
                  </span>
                  <StateBadge deployment={agent} />
                </li>
              ))}
            </ul>
          )}
        </Card>
      </div>
      <Card title="Looks">
        {account.looks.length === 0 ? (
          <p className="text-muted">No operator has looked at it.</p>
        ) : (
          <ul className="divide-y divide-line">
            {account.looks.map((look) => (
              <li key={look.id} className="py-2 first:pt-0 last:pb-0 [overflow-wrap:anywhere]">
                {look.operator}, {moment(look.from)} to {moment(look.until)}: {look.reason}
              </li>
            ))}
          </ul>
        )}
      </Card>
      {asked && <Because account={account} asked={asked} onClose={() => setAsked(null)} />}
    </div>
  );
}

const WORDS: Record<Asked, { title: string; text: string; action: string }> = {
  look: { title: "Look at the account", text: "For 30 minutes you see what an admin of the account sees, and can change nothing anywhere. The account sees who looked, when, and why.", action: "Look" },
  suspend: { title: "Suspend everything", text: "Every agent of the account stops, and its owner cannot start it. What they want is kept.", action: "Suspend" },
  resume: { title: "Resume", text: "Your hold on each agent is lifted; what its owner wants holds again.", action: "Resume" },
};

function Because({ account, asked, onClose }: { account: ConsoleAccountDetail; asked: Asked; onClose: () => void }) {
  const client = useQueryClient();
  const router = useRouter();
  const [reason, setReason] = useState("");
  const go = useMutation({
    mutationFn: async () => {
      if (asked === "look") await beginLook(account.id, reason, 30);
      else await holdAccount(account.id, asked === "suspend", reason);
    },
    onSuccess: async () => {
      onClose();
      if (asked === "look") {
        await client.resetQueries();
        await router.navigate({ to: "/agents" });
      } else {
        say(asked === "suspend" ? "Everything that the account runs is being suspended." : "The hold is lifted.");
        await client.invalidateQueries({ queryKey: ["operator"] });
      }
    },
  });
  const { title, text, action } = WORDS[asked];
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        noValidate
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          go.mutate();
        }}
      >
        <p>{text}</p>
        {go.error && <ProblemNotice error={go.error} />}
        <TextField label="Why?" maxLength={500} value={reason} onChange={(event) => setReason(event.target.value)} hint="The customer is shown it." />
        <div className="flex flex-wrap justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button look={asked === "suspend" ? "danger" : "primary"} type="submit" busy={go.isPending} disabled={reason.trim() === ""}>
            {action}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
