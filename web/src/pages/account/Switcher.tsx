/** Which account one works in: in the head of every page, for whoever has more than one. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { useState } from "react";
import { ROLES, accountsQuery, atLeast, createAccount, renameAccount, switchAccount } from "../../api/account";
import { ApiProblem } from "../../api/problem";
import { meQuery } from "../../api/queries";
import type { Account, Me } from "../../api/types";
import { sortFields } from "../../lib/fields";
import { Button, Card, ProblemNotice, TextField } from "../../ui/basics";
import { Dialog } from "../../ui/Dialog";
import { complain, say } from "../../ui/toasts";

/** Goes to work in another account: everything that is on the page belongs to the one before. */
function useSwitch() {
  const client = useQueryClient();
  const router = useRouter();
  return useMutation({
    mutationFn: switchAccount,
    onSuccess: async (me) => {
      await router.navigate({ to: "/agents" });
      client.clear();
      client.setQueryData(meQuery.queryKey, me);
      say(`You work in ${me.account?.name ?? "no account"} now.`);
    },
    onError: complain,
  });
}

export function Switcher({ me }: { me: Me }) {
  const accounts = useQuery(accountsQuery);
  const change = useSwitch();
  if (!accounts.data || accounts.data.length < 2) return null;
  return (
    <label className="min-w-0">
      <span className="sr-only">The account that you work in</span>
      <select className="input min-h-9 w-auto max-w-44 py-1" value={me.account?.id ?? ""} disabled={change.isPending} onChange={(event) => change.mutate(event.target.value)}>
        {!me.account && <option value="">Choose an account</option>}
        {accounts.data.map((account) => (
          <option key={account.id} value={account.id}>
            {account.name}
          </option>
        ))}
      </select>
    </label>
  );
}

/** One's accounts, on the account page; also for who is in none. */
export function Accounts({ me }: { me: Me }) {
  const client = useQueryClient();
  const accounts = useQuery(accountsQuery);
  const change = useSwitch();
  const [name, setName] = useState("");
  const [renaming, setRenaming] = useState<Account | null>(null);
  const make = useMutation({
    mutationFn: () => createAccount(name.trim()),
    onSuccess: (made) => {
      setName("");
      void client.invalidateQueries({ queryKey: accountsQuery.queryKey });
      change.mutate(made.id);
    },
  });
  const sorted = sortFields(make.error instanceof ApiProblem ? make.error.fields : [], ["name"]);
  return (
    <Card title="Your accounts">
      {accounts.error && <ProblemNotice error={accounts.error} onRetry={() => void accounts.refetch()} />}
      <ul className="divide-y divide-line">
        {accounts.data?.map((account) => (
          <li key={account.id} className="flex flex-wrap items-center justify-between gap-3 py-3 first:pt-0">
            <div className="min-w-0">
              <p className="font-semibold [overflow-wrap:anywhere]">{account.name}</p>
              <p className="text-[0.8125rem] text-muted">
                {ROLES[account.role][0]}: {ROLES[account.role][1]}
              </p>
            </div>
            {account.id === me.account?.id ? (
              <span className="flex flex-wrap items-center gap-2">
                <span className="rounded-full bg-teal-soft px-2 py-0.5 text-[0.8125rem] text-teal">you work here</span>
                {atLeast(account.role, "admin") && (
                  <Button small onClick={() => setRenaming(account)}>
                    Rename…
                  </Button>
                )}
              </span>
            ) : (
              <Button small busy={change.isPending && change.variables === account.id} aria-label={`Work here: ${account.name}`} onClick={() => change.mutate(account.id)}>
                Work here
              </Button>
            )}
          </li>
        ))}
      </ul>
      {renaming && <Rename account={renaming} onClose={() => setRenaming(null)} />}
      <form
        noValidate
        className="mt-3 grid gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim() !== "") make.mutate();
        }}
      >
        {make.error && !sorted.byField["name"] && <ProblemNotice error={make.error} extra={sorted.rest} />}
        <TextField
          label="Another account"
          value={name}
          maxLength={60}
          autoComplete="off"
          onChange={(event) => setName(event.target.value)}
          error={sorted.byField["name"]}
          hint="Its agents, members and bills are its own."
          after={
            <Button type="submit" className="min-h-[2.625rem]" busy={make.isPending} disabled={name.trim() === ""}>
              Make it
            </Button>
          }
        />
      </form>
    </Card>
  );
}

function Rename({ account, onClose }: { account: Account; onClose: () => void }) {
  const client = useQueryClient();
  const [name, setName] = useState(account.name);
  const rename = useMutation({
    mutationFn: () => renameAccount(name.trim()),
    onSuccess: (now) => {
      say(`The account is called ${now.name} now.`);
      void client.invalidateQueries({ queryKey: accountsQuery.queryKey });
      void client.invalidateQueries({ queryKey: meQuery.queryKey });
      onClose();
    },
  });
  const sorted = sortFields(rename.error instanceof ApiProblem ? rename.error.fields : [], ["name"]);
  return (
    <Dialog title={`Rename ${account.name}`} onClose={onClose}>
      <form
        noValidate
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim() !== "") rename.mutate();
        }}
      >
        {rename.error && !sorted.byField["name"] && <ProblemNotice error={rename.error} extra={sorted.rest} />}
        <TextField label="Name" value={name} maxLength={60} autoFocus autoComplete="off" onChange={(event) => setName(event.target.value)} error={sorted.byField["name"]} />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={rename.isPending} disabled={name.trim() === "" || name.trim() === account.name}>
            Rename
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
