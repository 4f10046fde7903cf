/** Where links in mails lead, and the page that asks for one: forgotten passwords, confirmed and changed addresses. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useState, type FormEvent, type ReactNode } from "react";
import { ApiProblem } from "../api/problem";
import { askReset, finishEmail, finishReset, undoEmail, verifyEmail } from "../api/security";
import { sortFields } from "../lib/fields";
import { Button, Notice, ProblemNotice, TextField, buttonClass } from "../ui/basics";
import { Frame } from "./Sign";

/** The token behind `#`, which leaves the address bar at once: it must not stay in the history. */
function useToken(): string {
  const [token] = useState(() => new URLSearchParams(window.location.hash.slice(1)).get("token") ?? "");
  useEffect(() => {
    if (token !== "") window.history.replaceState(window.history.state, "", window.location.pathname);
  }, [token]);
  return token;
}

const incomplete = (
  <Notice tone="warn" title="The link is not complete">
    Open the whole link of the mail: it ends in a long token. Some programs break it into two lines.
  </Notice>
);

const toLogin = (words: string): ReactNode => (
  <Link to="/login" className={buttonClass("primary")}>
    {words}
  </Link>
);

export function Forgot() {
  const [email, setEmail] = useState("");
  const ask = useMutation({ mutationFn: () => askReset(email.trim()) });
  const sorted = sortFields(ask.error instanceof ApiProblem ? ask.error.fields : [], ["email"]);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (email.trim() !== "") ask.mutate();
  };
  return (
    <Frame title="Set a new password">
      {ask.isSuccess ? (
        <Notice tone="good" title="Look at your mail">
          If somebody has the address {email.trim()}, a link that sets a new password is on its way to it. It works once, for an hour.
        </Notice>
      ) : (
        <form noValidate className="grid gap-4" onSubmit={submit}>
          {ask.error && Object.keys(sorted.byField).length === 0 && <ProblemNotice error={ask.error} />}
          <TextField label="E-mail" type="email" name="email" autoComplete="username" inputMode="email" spellCheck={false} autoFocus value={email} onChange={(event) => setEmail(event.target.value)} error={sorted.byField["email"]} />
          <Button type="submit" look="primary" busy={ask.isPending}>
            Send the link
          </Button>
        </form>
      )}
      <p className="text-muted">
        <Link to="/login" className="link">
          Back to log in
        </Link>
      </p>
    </Frame>
  );
}

export function Reset() {
  const token = useToken();
  const [password, setPassword] = useState("");
  const [early, setEarly] = useState<string | undefined>(undefined);
  const finish = useMutation({ mutationFn: () => finishReset(token, password) });
  const sorted = sortFields(finish.error instanceof ApiProblem ? finish.error.fields : [], ["new_password"]);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const short = [...password].length < 10;
    setEarly(short ? "must have at least 10 characters; a few words you will remember do well" : undefined);
    if (!short) finish.mutate();
  };
  return (
    <Frame title="Set a new password">
      {token === "" ? (
        incomplete
      ) : finish.isSuccess ? (
        <>
          <Notice tone="good">Your new password is set, and everybody was signed out.</Notice>
          {toLogin("Log in with it")}
        </>
      ) : (
        <form noValidate className="grid gap-4" onSubmit={submit}>
          {finish.error && sorted.byField["new_password"] === undefined && <ProblemNotice error={finish.error} />}
          <TextField label="New password" type="password" name="new-password" autoComplete="new-password" maxLength={256} autoFocus hint="At least 10 characters." value={password} onChange={(event) => setPassword(event.target.value)} error={early ?? sorted.byField["new_password"]} />
          <Button type="submit" look="primary" busy={finish.isPending}>
            Set the password
          </Button>
          <p className="text-muted">
            Does the link not work any more?{" "}
            <Link to="/forgot" className="link">
              Ask for another one
            </Link>
          </p>
        </form>
      )}
    </Frame>
  );
}

interface ConfirmationProps {
  title: string;
  what: string;
  action: string;
  done: ReactNode;
  send: (token: string) => Promise<unknown>;
}

/** A button, and not the opening of the page, does it: programs that look at links in mails press no buttons. */
function Confirmation({ title, what, action, done, send }: ConfirmationProps) {
  const token = useToken();
  const client = useQueryClient();
  const confirm = useMutation({ mutationFn: () => send(token), onSuccess: () => client.invalidateQueries() });
  return (
    <Frame title={title}>
      {token === "" ? (
        incomplete
      ) : confirm.isSuccess ? (
        done
      ) : (
        <>
          {confirm.error && <ProblemNotice error={confirm.error} />}
          <p className="text-muted">{what}</p>
          <Button look="primary" busy={confirm.isPending} onClick={() => confirm.mutate()}>
            {action}
          </Button>
        </>
      )}
    </Frame>
  );
}

export function Verify() {
  const done = (
    <>
      <Notice tone="good">Your address is confirmed.</Notice>
      <Link to="/agents" className={buttonClass("primary")}>
        To your agents
      </Link>
    </>
  );
  return <Confirmation title="Confirm your address" what="One click, and it is known that this address is yours." action="Confirm it" send={verifyEmail} done={done} />;
}

export function NewEmail() {
  const done = (
    <>
      <Notice tone="good">From now on you sign in with this address. The old one was told.</Notice>
      <Link to="/account" className={buttonClass("primary")}>
        To your account
      </Link>
    </>
  );
  return <Confirmation title="Confirm your new address" what="From then on you sign in with it." action="Use this address" send={finishEmail} done={done} />;
}

export function UndoEmail() {
  const done = (
    <>
      <Notice tone="good" title="Your address is back">
        Everybody was signed out. A link that sets a new password is on its way to you.
      </Notice>
      {toLogin("To log in")}
    </>
  );
  return (
    <Confirmation
      title="Take the change back"
      what="Your old address comes back, everybody is signed out, what was added to your sign-in since is taken away, and you set a new password."
      action="Take it back"
      send={undoEmail}
      done={done}
    />
  );
}
