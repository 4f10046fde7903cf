/** Taking everything away, and the end of an account or a person. */
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { deleteAccount, deleteUser } from "../../api/account";
import { ApiProblem } from "../../api/problem";
import type { Me } from "../../api/types";
import { sortFields } from "../../lib/fields";
import { count, moment } from "../../lib/format";
import { Button, buttonClass, Card, ProblemNotice, TextField } from "../../ui/basics";
import { Dialog, TypedConfirmation } from "../../ui/Dialog";

export function Ending({ me }: { me: Me }) {
  const [ending, setEnding] = useState(false);
  const account = me.account;
  if (!account || account.role !== "owner") return null;
  return (
    <Card title="Your data">
      <div className="grid gap-4">
        <p className="max-w-prose text-muted">One file with everything that is the account's: members, agents with their configurations and histories, what was done by whom. Secrets and tokens are in it by name only.</p>
        <div className="flex flex-wrap gap-2">
          <a className={buttonClass("plain")} href="/v1/account/export" download>
            Download everything
          </a>
          <Button look="danger" onClick={() => setEnding(true)}>
            Delete the account…
          </Button>
        </div>
      </div>
      {ending && <End name={account.name} onClose={() => setEnding(false)} />}
    </Card>
  );
}

function End({ name, onClose }: { name: string; onClose: () => void }) {
  const [password, setPassword] = useState("");
  const end = useMutation({ mutationFn: () => deleteAccount(name, password) });
  const sorted = sortFields(end.error instanceof ApiProblem ? end.error.fields : [], ["password"]);
  if (end.data) {
    return (
      <Dialog title="The account is deleted" onClose={() => window.location.assign("/login")}>
        <div className="grid gap-4">
          <p>
            {end.data.deployments > 0 ? `${count(end.data.deployments, "agent")} ${end.data.deployments === 1 ? "is" : "are"} being ended. ` : ""}What is personal is erased on {moment(end.data.erase_at)}.
          </p>
          <div className="flex justify-end">
            <Button look="primary" onClick={() => window.location.assign("/login")}>
              To the sign-in
            </Button>
          </div>
        </div>
      </Dialog>
    );
  }
  return (
    <TypedConfirmation
      title="Delete this account?"
      word={name}
      action="Delete the account"
      busy={end.isPending}
      error={end.error && !sorted.byField["password"] && <ProblemNotice error={end.error} extra={sorted.rest} />}
      onConfirm={() => end.mutate()}
      onClose={onClose}
    >
      <div className="grid gap-4">
        <p>
          All its agents end, everyone in it is signed out, and its tokens stop working: at once. After the time that deleted agents are kept, their data and everything personal is erased. This
          cannot be taken back.
        </p>
        <TextField label="Your password" type="password" autoComplete="current-password" value={password} onChange={(event) => setPassword(event.target.value)} error={sorted.byField["password"]} />
      </div>
    </TypedConfirmation>
  );
}

/** For who is in no account: they may go as well. */
export function Goodbye({ me }: { me: Me }) {
  const [ending, setEnding] = useState(false);
  const [password, setPassword] = useState("");
  const end = useMutation({ mutationFn: () => deleteUser(me.user.email, password), onSuccess: () => window.location.assign("/") });
  const sorted = sortFields(end.error instanceof ApiProblem ? end.error.fields : [], ["password"]);
  return (
    <Card title="Your sign-in">
      <p className="mb-4 max-w-prose text-muted">You are in no account, so nothing holds you. Deleted, nothing here names you any more, and the address is free again.</p>
      <Button look="danger" onClick={() => setEnding(true)}>
        Delete my sign-in…
      </Button>
      {ending && (
        <TypedConfirmation
          title="Delete your sign-in?"
          word={me.user.email}
          action="Delete it"
          busy={end.isPending}
          error={end.error && !sorted.byField["password"] && <ProblemNotice error={end.error} extra={sorted.rest} />}
          onConfirm={() => end.mutate()}
          onClose={() => setEnding(false)}
        >
          <TextField label="Your password" type="password" autoComplete="current-password" value={password} onChange={(event) => setPassword(event.target.value)} error={sorted.byField["password"]} />
        </TypedConfirmation>
      )}
    </Card>
  );
}
