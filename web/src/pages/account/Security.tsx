/** How the person at the keyboard signs in: confirmed address, authenticator app, passkeys, other services. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import { useState, type FormEvent, type ReactNode } from "react";
import { ApiProblem } from "../../api/problem";
import {
  addPasskey,
  changeEmail,
  confirmApp,
  disableApp,
  enrolApp,
  linkIdentity,
  newRecoveryCodes,
  passkeyQuestion,
  removePasskey,
  resendVerification,
  securityQuery,
  unlinkIdentity,
  type Reassurance,
  type Security as State,
} from "../../api/security";
import { asSentence, sortFields } from "../../lib/fields";
import { day } from "../../lib/format";
import { createPasskey, passkeysHere } from "../../lib/webauthn";
import { Button, Card, Notice, ProblemNotice, Skeleton, TextField } from "../../ui/basics";
import { Dialog } from "../../ui/Dialog";
import { complain, say } from "../../ui/toasts";
import { PasskeyProblem } from "../SecondStep";
import { PROVIDER_PROBLEMS } from "../Sign";

/** What the person is asked for before something is changed, and what happens then. */
interface Ask {
  title: string;
  words: ReactNode;
  action: string;
  danger?: boolean;
  /** Also a code, of the app or a recovery code. */
  code?: boolean;
  /** Something more to type. */
  field?: { label: string; type: string; autoComplete: string; hint?: string };
  send: (given: Reassurance, field: string) => Promise<unknown>;
}

export function Security() {
  const security = useQuery(securityQuery);
  const { problem } = useSearch({ from: "/inside/account" });
  const [ask, setAsk] = useState<Ask | null>(null);
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  const [app, setApp] = useState<{ secret: string; picture: string } | null>(null);
  return (
    <Card title="Security" id="security">
      {problem !== undefined && (
        <div className="mb-4">
          <Notice tone="warn" alert>
            {PROVIDER_PROBLEMS[problem] ?? PROVIDER_PROBLEMS["failed"]}
          </Notice>
        </div>
      )}
      {security.data ? (
        <div className="divide-y divide-line">
          <Address state={security.data} onAsk={setAsk} />
          <App state={security.data} onAsk={setAsk} onApp={setApp} onCodes={setCodes} />
          <Passkeys state={security.data} onAsk={setAsk} onCodes={setCodes} />
          <Services state={security.data} onAsk={setAsk} />
        </div>
      ) : security.error ? (
        <ProblemNotice error={security.error} onRetry={() => void security.refetch()} />
      ) : (
        <Skeleton className="h-40 w-full" />
      )}
      {ask && <Asking ask={ask} hasPassword={security.data?.has_password ?? true} onClose={() => setAsk(null)} />}
      {app && (
        <SetUp
          app={app}
          onClose={() => setApp(null)}
          onDone={(made) => {
            setApp(null);
            if (made.length > 0) setCodes(made);
          }}
        />
      )}
      {codes && <Codes codes={codes} onClose={() => setCodes(null)} />}
    </Card>
  );
}

type OnAsk = (ask: Ask) => void;
type OnCodes = (codes: readonly string[]) => void;

function Part({ title, actions, children }: { title: string; actions?: ReactNode; children: ReactNode }) {
  return (
    <div className="grid gap-2 py-4 first:pt-0 last:pb-0">
      <div className="flex flex-wrap items-center justify-between gap-2">
        <h3 className="font-semibold">{title}</h3>
        <div className="flex flex-wrap gap-2">{actions}</div>
      </div>
      {children}
    </div>
  );
}

function Address({ state, onAsk }: { state: State; onAsk: OnAsk }) {
  const resend = useMutation({ mutationFn: resendVerification, onSuccess: () => say(`A link is on its way to ${state.email}.`), onError: complain });
  const change = (): void =>
    onAsk({
      title: "Change your address",
      words: "A link goes to the new address; when you open it, you sign in with that one. The old address is told, and can take it back for a week.",
      action: "Send the link",
      field: { label: "New address", type: "email", autoComplete: "email" },
      send: async ({ password }, email) => {
        await changeEmail(email.trim(), password ?? "");
        say(`A link is on its way to ${email.trim()}.`);
      },
    });
  return (
    <Part title="E-mail" actions={<Button small onClick={change}>Change…</Button>}>
      <p className="text-muted [overflow-wrap:anywhere]">
        {state.email}, {state.email_verified_at ? `confirmed ${day(state.email_verified_at)}` : "not confirmed yet"}
        {state.new_email ? `; a link to ${state.new_email} waits to be opened` : ""}
      </p>
      {!state.email_verified_at && (
        <Notice tone={state.verification_needed ? "warn" : "info"}>
          <p>{state.verification_needed ? "Inviting others and more than a trial wait until your address is confirmed." : "Open the link in the mail that came when you signed up."}</p>
          <Button small className="mt-2" busy={resend.isPending} onClick={() => resend.mutate()}>
            Send the link again
          </Button>
        </Notice>
      )}
    </Part>
  );
}

interface AppProps {
  state: State;
  onAsk: OnAsk;
  onApp: (app: { secret: string; picture: string }) => void;
  onCodes: OnCodes;
}

function App({ state, onAsk, onApp, onCodes }: AppProps) {
  const asked = state.app_since !== null && state.app_since !== undefined;
  const setUp = (): void =>
    onAsk({ title: "Set up an authenticator app", words: "An app on your phone shows a new code every 30 seconds. Signing in asks for it after the password.", action: "Go on", send: async (given) => onApp(await enrolApp(given)) });
  const off = (): void =>
    onAsk({ title: "Turn the authenticator app off", words: "Signing in does not ask for its code any more.", action: "Turn it off", danger: true, code: true, send: async (given) => disableApp(given).then(() => say("The authenticator app is off.")) });
  const codes = (): void =>
    onAsk({ title: "New recovery codes", words: "The old ones work no more.", action: "Make new codes", code: asked, send: async (given) => onCodes((await newRecoveryCodes(given)).codes) });
  return (
    <Part title="Authenticator app" actions={asked ? <Button small onClick={off}>Turn off…</Button> : <Button small onClick={setUp}>Set up…</Button>}>
      <p className="text-muted">{asked ? `Signing in asks for its code since ${day(state.app_since ?? "")}.` : "Not set up. A stolen password alone would be enough to sign in."}</p>
      {(asked || state.passkeys.length > 0) && (
        <div className="flex flex-wrap items-center justify-between gap-2">
          <p className={state.recovery_codes_left < 3 ? "text-amber" : "text-muted"}>{state.recovery_codes_left} recovery codes are left, for when you lose your phone or key.</p>
          <Button small onClick={codes}>
            New codes…
          </Button>
        </div>
      )}
    </Part>
  );
}

function Passkeys({ state, onAsk, onCodes }: { state: State; onAsk: OnAsk; onCodes: OnCodes }) {
  const add = (): void =>
    onAsk({
      title: "Add a passkey",
      words: "A passkey is kept by your device or security key and signs you in without a password. From then on, signing in with the password asks for a second factor.",
      action: "Go on",
      field: { label: "Name", type: "text", autoComplete: "off", hint: "To tell it from others, such as “Laptop”." },
      send: async (given, name) => {
        const question = await passkeyQuestion(given);
        const credential = await createPasskey(question.options);
        const added = await addPasskey(question.token, name.trim(), credential);
        say("The passkey is added.");
        if (added.recovery_codes) onCodes(added.recovery_codes);
      },
    });
  const remove = (id: string, name: string): void =>
    onAsk({ title: `Remove the passkey “${name}”`, words: "It cannot sign in any more. Your device may still offer it; take it away there, too.", action: "Remove it", danger: true, send: (given) => removePasskey(id, given).then(() => say("The passkey is removed.")) });
  const possible = state.passkeys_possible && passkeysHere();
  return (
    <Part title="Passkeys" actions={possible && <Button small onClick={add}>Add a passkey…</Button>}>
      {!possible && <p className="text-muted">{state.passkeys_possible ? "This browser knows no passkeys." : "Browsers offer no passkeys at this address, which is no name."}</p>}
      {possible && state.passkeys.length === 0 && <p className="text-muted">None yet.</p>}
      {state.passkeys.length > 0 && (
        <ul className="grid gap-2" data-testid="passkeys">
          {state.passkeys.map((passkey) => (
            <li key={passkey.id} className="flex flex-wrap items-center justify-between gap-2">
              <span className="[overflow-wrap:anywhere]">
                {passkey.name} <span className="text-muted">· since {day(passkey.created_at)} · {passkey.last_used_at ? `used ${day(passkey.last_used_at)}` : "never used"}</span>
              </span>
              <Button small onClick={() => remove(passkey.id, passkey.name)}>
                Remove…<span className="sr-only"> {passkey.name}</span>
              </Button>
            </li>
          ))}
        </ul>
      )}
    </Part>
  );
}

function Services({ state, onAsk }: { state: State; onAsk: OnAsk }) {
  if (state.identities.length === 0) return null;
  const link = (provider: string, title: string): void =>
    onAsk({ title: `Link ${title}`, words: `You go to ${title} now, and come back here.`, action: "Go on", send: async (given) => window.location.assign((await linkIdentity(provider, given)).url) });
  const unlink = (provider: string, title: string): void =>
    onAsk({ title: `Unlink ${title}`, words: "It cannot sign you in any more.", action: "Unlink it", danger: true, send: (given) => unlinkIdentity(provider, given).then(() => say(`${title} is unlinked.`)) });
  return (
    <Part title="Other services">
      <ul className="grid gap-2">
        {state.identities.map(({ provider, title, linked_at, email }) => (
          <li key={provider} className="flex flex-wrap items-center justify-between gap-2">
            <span className="[overflow-wrap:anywhere]">
              {title} <span className="text-muted">· {linked_at ? `linked ${day(linked_at)}${email ? `, as ${email}` : ""}` : "not linked"}</span>
            </span>
            {linked_at ? (
              <Button small onClick={() => unlink(provider, title)}>
                Unlink…<span className="sr-only"> {title}</span>
              </Button>
            ) : (
              <Button small onClick={() => link(provider, title)}>
                Link…<span className="sr-only"> {title}</span>
              </Button>
            )}
          </li>
        ))}
      </ul>
    </Part>
  );
}

function Asking({ ask, hasPassword, onClose }: { ask: Ask; hasPassword: boolean; onClose: () => void }) {
  const client = useQueryClient();
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [field, setField] = useState("");
  const send = useMutation({
    mutationFn: () => ask.send({ ...(password ? { password } : {}), ...(code ? { code } : {}) }, field),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: securityQuery.queryKey });
      onClose();
    },
  });
  const sorted = sortFields(send.error instanceof ApiProblem ? send.error.fields : [], ["password", "code", "email", "name"]);
  const known = Object.keys(sorted.byField).length > 0;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    send.mutate();
  };
  return (
    <Dialog title={ask.title} onClose={onClose}>
      <form noValidate className="grid gap-4" onSubmit={submit}>
        <p className="text-muted">{ask.words}</p>
        {send.error && !known && <PasskeyProblem error={send.error} />}
        {ask.field && (
          <TextField {...ask.field} autoFocus value={field} onChange={(event) => setField(event.target.value)} error={sorted.byField["email"] ?? sorted.byField["name"]} />
        )}
        {hasPassword && (
          <TextField label="Your password" type="password" autoComplete="current-password" autoFocus={!ask.field} value={password} onChange={(event) => setPassword(event.target.value)} error={sorted.byField["password"]} />
        )}
        {ask.code && (
          <TextField label="Code" autoComplete="one-time-code" spellCheck={false} hint="Of the authenticator app, or a recovery code." value={code} onChange={(event) => setCode(event.target.value)} error={sorted.byField["code"]} />
        )}
        <div className="flex flex-wrap justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look={ask.danger ? "danger" : "primary"} busy={send.isPending}>
            {ask.action}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function SetUp({ app, onClose, onDone }: { app: { secret: string; picture: string }; onClose: () => void; onDone: OnCodes }) {
  const client = useQueryClient();
  const [code, setCode] = useState("");
  const confirm = useMutation({
    mutationFn: () => confirmApp(code),
    onSuccess: ({ codes }) => {
      void client.invalidateQueries({ queryKey: securityQuery.queryKey });
      say("The authenticator app is set up.");
      onDone(codes);
    },
  });
  const fields = confirm.error instanceof ApiProblem ? confirm.error.fields : [];
  const wrong = fields.find((field) => field.path === "code")?.message;
  return (
    <Dialog title="Set up an authenticator app" onClose={onClose}>
      <form
        noValidate
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (code.trim() !== "") confirm.mutate();
        }}
      >
        <p className="text-muted">Scan this with the app, or type the letters below into it. Then type the code that it shows.</p>
        <img alt="QR code for the authenticator app" className="mx-auto size-56 rounded-lg bg-white" src={`data:image/svg+xml,${encodeURIComponent(app.picture)}`} />
        <p className="text-center font-mono text-[0.875rem] [overflow-wrap:anywhere]" data-testid="app-secret">
          {app.secret.replace(/(.{4})(?=.)/g, "$1 ")}
        </p>
        {confirm.error && wrong === undefined && <ProblemNotice error={confirm.error} />}
        <TextField label="Code" inputMode="numeric" autoComplete="one-time-code" autoFocus value={code} onChange={(event) => setCode(event.target.value)} error={wrong} hint="Six digits." />
        <div className="flex flex-wrap justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={confirm.isPending}>
            Confirm
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function Codes({ codes, onClose }: { codes: readonly string[]; onClose: () => void }) {
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(codes.join("\n"));
      say("The codes are copied.");
    } catch {
      complain(new Error(asSentence("this browser does not let the page copy; mark the codes and copy them yourself")));
    }
  };
  return (
    <Dialog title="Recovery codes" onClose={onClose}>
      <div className="grid gap-4">
        <p className="text-muted">Each signs you in once in place of the second factor, when your phone or key is lost. They are shown this one time: keep them where you keep important papers.</p>
        <ul className="grid gap-1 rounded-lg bg-sunken p-4 font-mono sm:grid-cols-2" data-testid="recovery-codes">
          {codes.map((code) => (
            <li key={code}>{code}</li>
          ))}
        </ul>
        <div className="flex flex-wrap justify-end gap-2">
          <Button onClick={() => void copy()}>Copy</Button>
          <Button look="primary" onClick={onClose}>
            I have kept them
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
