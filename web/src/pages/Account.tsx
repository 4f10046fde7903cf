import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { ROLES } from "../api/account";
import { ApiProblem } from "../api/problem";
import { changePassword, createToken, meQuery, revokeToken, tokensQuery } from "../api/queries";
import type { TokenCreated, TokenOut, TokenScope } from "../api/types";
import { sortFields } from "../lib/fields";
import { age, day } from "../lib/format";
import { useNow, useTitle } from "../lib/hooks";
import { Button, buttonClass, Card, Empty, Notice, ProblemNotice, SelectField, Skeleton, TextField } from "../ui/basics";
import { Dialog } from "../ui/Dialog";
import { Page } from "../ui/Shell";
import { complain, say } from "../ui/toasts";
import { Accounts } from "./account/Switcher";
import { Ending, Goodbye } from "./account/Ending";
import { Members } from "./account/Members";
import { Security } from "./account/Security";
import { Sessions } from "./account/Sessions";

const SCOPES: Record<TokenScope, [string, string]> = {
  read: ["Look", "at agents, logs, events and configuration"],
  write: ["Change", "create, change and delete agents and their secrets"],
  chat: ["Talk", "to agents, over their own /v1 addresses"],
};
const ALL_SCOPES = Object.keys(SCOPES) as TokenScope[];

export default function Account() {
  useTitle("Account");
  const me = useQuery(meQuery).data;
  return (
    <Page narrow>
      <div className="flex flex-wrap items-center justify-between gap-3">
        <h1 className="text-3xl">Account</h1>
        <Link to="/audit" className={buttonClass("plain", true)}>
          Audit log
        </Link>
      </div>
      <div className="mt-6 grid gap-5">
        {me && !me.account && (
          <Notice tone="warn" title="You are in no account">
            Make one below, or ask somebody to invite you to theirs.
          </Notice>
        )}
        <Card title="You">
          <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1.5">
            <dt className="text-muted">E-mail</dt>
            <dd className="[overflow-wrap:anywhere]">{me?.user.email}</dd>
            <dt className="text-muted">Role</dt>
            <dd>
              {me?.account ? `${ROLES[me.account.role][0]} of ${me.account.name}` : "A member of no account"}
              {me?.user.operator ? ", and operator of this Vivier" : ""}
            </dd>
            <dt className="text-muted">Since</dt>
            <dd>{me ? day(me.user.created_at) : ""}</dd>
          </dl>
        </Card>
        {me?.account && <Members me={me} />}
        {me?.account && <Tokens />}
        <Security />
        <Password />
        <Sessions />
        {me && <Accounts me={me} />}
        {me && (me.account ? <Ending me={me} /> : <Goodbye me={me} />)}
      </div>
    </Page>
  );
}

function Password() {
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [early, setEarly] = useState<string | undefined>(undefined);
  const change = useMutation({
    mutationFn: () => changePassword(current, next),
    onSuccess: () => {
      setCurrent("");
      setNext("");
      say("Your password is changed.");
    },
  });
  const fields = change.error instanceof ApiProblem ? change.error.fields : [];
  const sorted = sortFields(fields, ["current_password", "new_password"]);
  return (
    <Card title="Password">
      <form
        noValidate
        className="grid gap-4 sm:grid-cols-2"
        onSubmit={(event) => {
          event.preventDefault();
          const short = [...next].length < 10;
          setEarly(short ? "must have at least 10 characters" : undefined);
          if (!short && current !== "") change.mutate();
        }}
      >
        {change.error && Object.keys(sorted.byField).length === 0 && (
          <div className="sm:col-span-2">
            <ProblemNotice error={change.error} extra={sorted.rest} />
          </div>
        )}
        <TextField label="Current password" type="password" autoComplete="current-password" value={current} onChange={(event) => setCurrent(event.target.value)} error={sorted.byField["current_password"]} />
        <TextField label="New password" type="password" autoComplete="new-password" maxLength={256} value={next} onChange={(event) => setNext(event.target.value)} hint="At least 10 characters." error={early ?? sorted.byField["new_password"]} />
        <div>
          <Button type="submit" busy={change.isPending} disabled={current === "" || next === ""}>
            Change password
          </Button>
        </div>
      </form>
    </Card>
  );
}

function Tokens() {
  const tokens = useQuery(tokensQuery);
  const [making, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<TokenOut | null>(null);
  return (
    <Card title="API tokens" actions={<Button small onClick={() => setMaking(true)}>New token</Button>}>
      <p className="mb-4 max-w-prose text-muted">For programs and the command line: they act for you, within what you allow them.</p>
      {tokens.data ? (
        tokens.data.length === 0 ? (
          <Empty title="No tokens">You need one for a script or the command line, not for this page.</Empty>
        ) : (
          <ul className="divide-y divide-line">
            {tokens.data.map((token) => (
              <Row key={token.id} token={token} onRevoke={() => setRevoking(token)} />
            ))}
          </ul>
        )
      ) : tokens.error ? (
        <ProblemNotice error={tokens.error} onRetry={() => void tokens.refetch()} />
      ) : (
        <Skeleton className="h-20 w-full" />
      )}
      {making && <NewToken onClose={() => setMaking(false)} />}
      {revoking && <Revoke token={revoking} onClose={() => setRevoking(null)} />}
    </Card>
  );
}

function Row({ token, onRevoke }: { token: TokenOut; onRevoke: () => void }) {
  const now = useNow();
  return (
    <li className="flex flex-wrap items-center justify-between gap-3 py-3 first:pt-0 last:pb-0">
      <div className="min-w-0">
        <p className="font-semibold [overflow-wrap:anywhere]">
          {token.name} <span className="font-mono text-[0.8125rem] font-normal text-muted">{token.hint}…</span>
        </p>
        <p className="text-[0.8125rem] text-muted">
          By {token.made_by} · may: {token.scopes.map((scope) => SCOPES[scope][0].toLowerCase()).join(", ")} · {token.last_used_at ? `used ${age(token.last_used_at, now)}` : "never used"} ·{" "}
          {token.expires_at ? (Date.parse(token.expires_at) < now ? "expired" : `until ${day(token.expires_at)}`) : "does not expire"}
        </p>
      </div>
      <Button small look="danger" aria-label={`Revoke ${token.name}`} onClick={onRevoke}>
        Revoke…
      </Button>
    </li>
  );
}

function Revoke({ token, onClose }: { token: TokenOut; onClose: () => void }) {
  const client = useQueryClient();
  const revoke = useMutation({
    mutationFn: () => revokeToken(token.id),
    onSuccess: () => {
      say(`The token ${token.name} no longer works.`);
      void client.invalidateQueries({ queryKey: tokensQuery.queryKey });
      onClose();
    },
  });
  return (
    <Dialog title={`Revoke ${token.name}?`} onClose={onClose}>
      <div className="grid gap-4">
        {revoke.error && <ProblemNotice error={revoke.error} />}
        <p>Programs that use it are refused from now on. This cannot be taken back.</p>
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Keep it</Button>
          <Button look="danger" busy={revoke.isPending} onClick={() => revoke.mutate()}>
            Revoke
          </Button>
        </div>
      </div>
    </Dialog>
  );
}

function NewToken({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<TokenScope[]>(["read"]);
  const [days, setDays] = useState("90");
  const [made, setMade] = useState<TokenCreated | null>(null);
  const make = useMutation({
    mutationFn: () => createToken(name.trim(), scopes, days === "" ? null : Number(days)),
    onSuccess: (token) => {
      setMade(token);
      void client.invalidateQueries({ queryKey: tokensQuery.queryKey });
    },
  });
  const sorted = sortFields(make.error instanceof ApiProblem ? make.error.fields : [], ["name", "scopes", "expires_in_days"]);
  if (made) return <Made token={made} onClose={onClose} />;
  return (
    <Dialog title="New token" onClose={onClose}>
      <form
        noValidate
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim() !== "" && scopes.length > 0) make.mutate();
        }}
      >
        {make.error && Object.keys(sorted.byField).length === 0 && <ProblemNotice error={make.error} extra={sorted.rest} />}
        <TextField label="What is it for?" value={name} maxLength={60} autoFocus autoComplete="off" onChange={(event) => setName(event.target.value)} error={sorted.byField["name"]} />
        <fieldset>
          <legend className="mb-1 font-semibold">What may it do?</legend>
          {ALL_SCOPES.map((scope) => (
            <label key={scope} className="flex min-h-9 items-center gap-2.5">
              <input
                type="checkbox"
                className="size-4.5 accent-[var(--teal)]"
                checked={scopes.includes(scope)}
                onChange={(event) => setScopes(event.target.checked ? [...scopes, scope] : scopes.filter((each) => each !== scope))}
              />
              <span>
                <strong>{SCOPES[scope][0]}</strong> {SCOPES[scope][1]}
              </span>
            </label>
          ))}
          {scopes.length === 0 && <p className="text-[0.8125rem] text-bad">Choose at least one.</p>}
        </fieldset>
        <SelectField label="For how long?" value={days} onChange={(event) => setDays(event.target.value)} error={sorted.byField["expires_in_days"]}>
          <option value="7">7 days</option>
          <option value="30">30 days</option>
          <option value="90">90 days</option>
          <option value="365">A year</option>
          <option value="">It does not expire</option>
        </SelectField>
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={make.isPending} disabled={name.trim() === "" || scopes.length === 0}>
            Create
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function Made({ token, onClose }: { token: TokenCreated; onClose: () => void }) {
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(token.secret);
      say("Copied.");
    } catch {
      complain(new ApiProblem({ code: "clipboard", title: "Not copied", status: 0, detail: "The browser did not allow copying. Select the text and copy it by hand." }));
    }
  };
  return (
    <Dialog title="Your new token" onClose={onClose}>
      <div className="grid gap-4">
        <Notice tone="warn">Copy it now. It is shown this once and cannot be shown again.</Notice>
        <TextField label={token.name} readOnly value={token.secret} className="font-mono" onFocus={(event) => event.target.select()} after={<Button className="min-h-[2.625rem]" onClick={() => void copy()}>Copy</Button>} />
        <div className="flex justify-end">
          <Button look="primary" onClick={onClose}>
            I have it
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
