/** Coming in: log in, sign up, and the first operator's link. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useRouter, useSearch } from "@tanstack/react-router";
import { useEffect, useState, type FormEvent, type ReactNode } from "react";
import { ApiProblem } from "../api/problem";
import { catalogueQuery, meQuery, signup } from "../api/queries";
import { isSecondStep, signIn, signInOptionsQuery, type Entered, type FactorKind } from "../api/security";
import type { Me } from "../api/types";
import { sortFields } from "../lib/fields";
import { useTitle } from "../lib/hooks";
import { isServerPath, safeNext } from "../lib/next";
import { passkeysHere } from "../lib/webauthn";
import { Button, buttonClass, Notice, ProblemNotice, TextField } from "../ui/basics";
import { Mark } from "../ui/Logo";
import { PasskeyProblem, SecondStep, signInWithPasskey } from "./SecondStep";

export function Frame({ title, children }: { title: string; children: ReactNode }) {
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
  send: (email: string, password: string) => Promise<Entered>;
  next: string | undefined;
  /** The first step held, and a second one is asked for. */
  onSecond?: (step: Second) => void;
}

function Credentials({ action, newPassword, send, next, onSecond }: FormProps) {
  const arrive = useArrive(next);
  const entered = (answer: Entered): void => (isSecondStep(answer) ? onSecond?.(answer) : arrive(answer));
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [shown, setShown] = useState(false);
  const [early, setEarly] = useState<Record<string, string>>({});
  const mutation = useMutation({ mutationFn: () => send(email.trim(), password), onSuccess: entered });
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

interface Second {
  token: string;
  kinds: readonly FactorKind[];
}

/** An identity provider held as the first step: what goes on with it stands behind `#`, and leaves the address bar at once. */
function useSecondOfAddress(): Second | null {
  const [second] = useState<Second | null>(() => {
    const given = new URLSearchParams(window.location.hash.slice(1));
    const token = given.get("second");
    if (token === null) return null;
    const known: FactorKind[] = ["app", "passkey", "recovery_code"];
    return { token, kinds: known.filter((kind) => given.get("kinds")?.includes(`"${kind}"`)) };
  });
  useEffect(() => {
    if (second !== null) window.history.replaceState(window.history.state, "", window.location.pathname + window.location.search);
  }, [second]);
  return second;
}

/** Why an identity provider did not sign somebody in. */
export const PROVIDER_PROBLEMS: Record<string, string> = {
  declined: "The other service did not let you in, or you went back. Try again, or sign in another way.",
  stale: "That took too long, or was begun in another window. Try again.",
  failed: "The other service does not answer as it should. Try again; if it stays so, tell whoever runs this Vivier.",
  unverified: "The other service does not vouch for your address. Confirm your address there, then try again.",
  domain: "Addresses of your domain are not admitted here. Use another account of the other service.",
  unknown: "Nobody here is known by that account. Sign in another way and link it under Account, or ask whoever runs this Vivier.",
  link_first: "Your address has an account here already. Log in with its password, then link the other service under Account.",
  taken: "That account of the other service is linked to somebody else here.",
};

export function Login() {
  const { next, problem } = useSearch({ from: "/login" });
  const catalogue = useQuery(catalogueQuery);
  const options = useQuery(signInOptionsQuery).data;
  const arrive = useArrive(next);
  const begun = useSecondOfAddress();
  const [second, setSecond] = useState<Second | null>(begun);
  const passkey = useMutation({ mutationFn: () => signInWithPasskey(null), onSuccess: arrive });
  const others = (options?.passkeys === true && passkeysHere()) || (options?.providers.length ?? 0) > 0;
  if (second !== null) {
    return (
      <Frame title="One more step">
        <SecondStep token={second.token} kinds={second.kinds} onDone={arrive} onAgain={() => setSecond(null)} />
      </Frame>
    );
  }
  return (
    <Frame title="Log in">
      {problem !== undefined && (
        <Notice tone="warn" alert>
          {PROVIDER_PROBLEMS[problem] ?? PROVIDER_PROBLEMS["failed"]}
        </Notice>
      )}
      {next !== undefined && isServerPath(safeNext(next)) && <Notice>Log in, and you go straight on to the agent.</Notice>}
      <Credentials action="Log in" newPassword={false} send={signIn} next={next} onSecond={setSecond} />
      <p>
        <Link to="/forgot" className="link">
          Forgot your password?
        </Link>
      </p>
      {others && (
        <div className="grid gap-3 border-t border-line pt-4">
          {passkey.error && <PasskeyProblem error={passkey.error} />}
          {options?.passkeys === true && passkeysHere() && (
            <Button busy={passkey.isPending} onClick={() => passkey.mutate()}>
              Log in with a passkey
            </Button>
          )}
          {options?.providers.map((provider) => (
            <a key={provider.name} href={`/v1/auth/oidc/${provider.name}?next=${encodeURIComponent(safeNext(next))}`} className={buttonClass()}>
              Log in with {provider.title}
            </a>
          ))}
        </div>
      )}
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
