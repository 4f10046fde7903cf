/** Coming in: log in, sign up, and the first operator's link. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useRouter, useSearch } from "@tanstack/react-router";
import { useEffect, useState, type FormEvent, type ReactNode } from "react";
import { ApiProblem } from "../api/problem";
import { catalogueQuery, login, meQuery, signup } from "../api/queries";
import type { Me } from "../api/types";
import { sortFields } from "../lib/fields";
import { useTitle } from "../lib/hooks";
import { isServerPath, safeNext } from "../lib/next";
import { Button, Notice, ProblemNotice, TextField } from "../ui/basics";
import { Mark } from "../ui/Logo";

function Frame({ title, children }: { title: string; children: ReactNode }) {
  useTitle(title);
  return (
    <div className="grid grow place-items-start justify-items-center px-4 py-8 sm:place-items-center sm:py-12">
      <div className="card w-full max-w-md p-6 sm:p-8">
        <Mark className="mb-4 size-11" />
        <h1 className="text-2xl">{title}</h1>
        <div className="mt-4 grid gap-4">{children}</div>
      </div>
    </div>
  );
}

/** Goes on to where the visitor was heading, once it is known who they are. */
function useArrive(next: string | undefined): (me: Me) => void {
  const client = useQueryClient();
  const router = useRouter();
  return (me) => {
    client.clear();
    client.setQueryData(meQuery.queryKey, me);
    const path = safeNext(next);
    if (isServerPath(path)) window.location.assign(path);
    else router.history.push(path);
  };
}

interface FormProps {
  action: string;
  newPassword: boolean;
  send: (email: string, password: string) => Promise<Me>;
  next: string | undefined;
}

function Credentials({ action, newPassword, send, next }: FormProps) {
  const arrive = useArrive(next);
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [shown, setShown] = useState(false);
  const [early, setEarly] = useState<Record<string, string>>({});
  const mutation = useMutation({ mutationFn: () => send(email.trim(), password), onSuccess: arrive });
  const problem = mutation.error instanceof ApiProblem ? mutation.error : null;
  const sorted = sortFields(problem?.fields ?? [], ["email", "password"]);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const wrong: Record<string, string> = {};
    if (!/^\S+@\S+\.?\S*$/.test(email.trim())) wrong["email"] = "must be an address such as name@example.com";
    if (newPassword && [...password].length < 10) wrong["password"] = "must have at least 10 characters; a few words you will remember do well";
    if (password === "") wrong["password"] = "type your password";
    setEarly(wrong);
    if (Object.keys(wrong).length === 0) mutation.mutate();
  };
  const errors = { ...sorted.byField, ...early };
  return (
    <form noValidate className="grid gap-4" onSubmit={submit}>
      {mutation.error && Object.keys(sorted.byField).length === 0 && <ProblemNotice error={mutation.error} extra={sorted.rest} />}
      <TextField
        label="E-mail"
        type="email"
        name="email"
        autoComplete="username"
        inputMode="email"
        spellCheck={false}
        required
        autoFocus
        value={email}
        onChange={(event) => setEmail(event.target.value)}
        error={errors["email"]}
      />
      <TextField
        label="Password"
        type={shown ? "text" : "password"}
        name="password"
        autoComplete={newPassword ? "new-password" : "current-password"}
        required
        maxLength={256}
        value={password}
        onChange={(event) => setPassword(event.target.value)}
        error={errors["password"]}
        {...(newPassword ? { hint: "At least 10 characters." } : {})}
        after={
          <Button aria-pressed={shown} onClick={() => setShown(!shown)} className="min-h-[2.625rem]">
            {shown ? "Hide" : "Show"}
            <span className="sr-only"> the password</span>
          </Button>
        }
      />
      <Button type="submit" look="primary" busy={mutation.isPending}>
        {action}
      </Button>
    </form>
  );
}

const keep = (next: string | undefined): { next?: string } => (next === undefined ? {} : { next });

export function Login() {
  const { next } = useSearch({ from: "/login" });
  const catalogue = useQuery(catalogueQuery);
  return (
    <Frame title="Log in">
      {next !== undefined && isServerPath(safeNext(next)) && <Notice>Log in, and you go straight on to the agent.</Notice>}
      <Credentials action="Log in" newPassword={false} send={login} next={next} />
      {catalogue.data?.signup !== "closed" && (
        <p className="text-muted">
          No account yet?{" "}
          <Link to="/signup" search={keep(next)} className="link">
            Sign up
          </Link>
        </p>
      )}
    </Frame>
  );
}

export function Signup() {
  const { next } = useSearch({ from: "/signup" });
  const catalogue = useQuery(catalogueQuery);
  const closed = catalogue.data?.signup === "closed";
  return (
    <Frame title="Sign up">
      {closed ? (
        <Notice tone="warn" title="By invitation only">
          This Vivier does not take new accounts by itself. Ask whoever runs it for a link.
        </Notice>
      ) : (
        <Credentials action="Create account" newPassword send={(email, password) => signup(email, password, null)} next={next ?? "/agents/new"} />
      )}
      <p className="text-muted">
        Have an account?{" "}
        <Link to="/login" search={keep(next)} className="link">
          Log in
        </Link>
      </p>
    </Frame>
  );
}

export function Setup() {
  const search = useSearch({ from: "/setup" });
  // The token leaves the address bar at once: it must not stay in the history or be sent on as a referrer.
  const [token] = useState(() => search.token ?? new URLSearchParams(window.location.hash.slice(1)).get("token") ?? "");
  useEffect(() => {
    if (token !== "") window.history.replaceState(window.history.state, "", "/setup");
  }, [token]);
  return (
    <Frame title="Set up Vivier">
      {token === "" ? (
        <Notice tone="warn" title="The link is not complete">
          Open the whole link that Vivier printed when it started; it ends in a one-time token. A new start of Vivier prints a new one while there is no operator.
        </Notice>
      ) : (
        <>
          <p className="text-muted">You are the first here. This account will be the operator: it sees the host, all deployments and the releases.</p>
          <Credentials action="Create the operator account" newPassword send={(email, password) => signup(email, password, token)} next="/agents/new" />
        </>
      )}
    </Frame>
  );
}
