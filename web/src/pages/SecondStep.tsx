/** The second step of a sign-in: a code of the app, a recovery code, or a passkey. */
import { useMutation } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { ApiProblem } from "../api/problem";
import { giveCode, signInAnswer, signInQuestion, type FactorKind } from "../api/security";
import type { Me } from "../api/types";
import { PasskeyDeclined, passkeysHere, takePasskey } from "../lib/webauthn";
import { Button, Notice, ProblemNotice, TextField } from "../ui/basics";

/** Asks for a passkey; with the first step's token as its second. */
export async function signInWithPasskey(second: string | null): Promise<Me> {
  const question = await signInQuestion(second);
  return signInAnswer(question.token, await takePasskey(question.options));
}

export function PasskeyProblem({ error }: { error: unknown }) {
  return error instanceof PasskeyDeclined ? <Notice tone="warn" alert>{error.message}</Notice> : <ProblemNotice error={error} />;
}

interface Props {
  token: string;
  kinds: readonly FactorKind[];
  onDone: (me: Me) => void;
  onAgain: () => void;
}

export function SecondStep({ token, kinds, onDone, onAgain }: Props) {
  const [recovery, setRecovery] = useState(!kinds.includes("app"));
  const [code, setCode] = useState("");
  const withCode = useMutation({ mutationFn: () => giveCode(token, code), onSuccess: onDone, onError: () => setCode("") });
  const withPasskey = useMutation({ mutationFn: () => signInWithPasskey(token), onSuccess: onDone });
  const over = [withCode.error, withPasskey.error].some((error) => error instanceof ApiProblem && error.code === "begin_again");
  const codes = kinds.includes("app") || kinds.includes("recovery_code");
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (code.trim() !== "") withCode.mutate();
  };
  if (over) {
    return (
      <div className="grid gap-4">
        <ProblemNotice error={withCode.error ?? withPasskey.error} />
        <Button look="primary" onClick={onAgain}>
          Begin again
        </Button>
      </div>
    );
  }
  return (
    <div className="grid gap-4">
      <p className="text-muted">That was right. Now show that it is you.</p>
      {withPasskey.error && <PasskeyProblem error={withPasskey.error} />}
      {kinds.includes("passkey") && passkeysHere() && (
        <Button look={codes ? "plain" : "primary"} busy={withPasskey.isPending} onClick={() => withPasskey.mutate()}>
          Use a passkey
        </Button>
      )}
      {codes && (
        <form noValidate className="grid gap-4" onSubmit={submit}>
          {withCode.error && <ProblemNotice error={withCode.error} />}
          <TextField
            // A new field, so that neither the text nor the keyboard of the other stays.
            key={recovery ? "recovery" : "app"}
            label={recovery ? "Recovery code" : "Code of your authenticator app"}
            name="code"
            autoComplete="one-time-code"
            inputMode={recovery ? "text" : "numeric"}
            spellCheck={false}
            autoFocus
            value={code}
            onChange={(event) => setCode(event.target.value)}
            hint={recovery ? "One of those that were shown when you set up the second factor. Each works once." : "Six digits."}
          />
          <Button type="submit" look="primary" busy={withCode.isPending}>
            Go on
          </Button>
          {kinds.includes("app") && kinds.includes("recovery_code") && (
            <Button
              look="quiet"
              onClick={() => {
                setRecovery(!recovery);
                setCode("");
              }}
            >
              {recovery ? "Use the authenticator app" : "Use a recovery code"}
            </Button>
          )}
        </form>
      )}
    </div>
  );
}
