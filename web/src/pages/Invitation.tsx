/** The link of an invitation's mail. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useRouter } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { ROLES, acceptInvitation, showInvitation, signupInvited, switchAccount, type InvitationShown } from "../api/account";
import { ApiProblem, isStatus } from "../api/problem";
import { logout, meQuery } from "../api/queries";
import type { Me } from "../api/types";
import { sortFields } from "../lib/fields";
import { moment } from "../lib/format";
import { Button, buttonClass, Notice, ProblemNotice, Skeleton, TextField } from "../ui/basics";
import { complain } from "../ui/toasts";
import { Frame } from "./Sign";

/** Where the token waits while its holder signs in: this tab alone, and in no address. */
const KEPT = "vivier.invitation";

function useToken(): string {
  const [token] = useState(() => {
    const given = window.location.hash.slice(1);
    if (given !== "") window.sessionStorage.setItem(KEPT, given);
    return given === "" ? (window.sessionStorage.getItem(KEPT) ?? "") : given;
  });
  // It leaves the address bar at once: it must not stay in the history.
  useEffect(() => {
    if (window.location.hash !== "") window.history.replaceState(window.history.state, "", "/invitation");
  }, []);
  return token;
}

export default function Invitation() {
  const token = useToken();
  const me = useQuery({ ...meQuery, retry: false });
  const shown = useQuery({ queryKey: ["invitation", token], queryFn: () => showInvitation(token), enabled: token !== "", retry: false, staleTime: 60_000 });
  if (token === "") {
    return (
      <Frame title="Invitation">
        <Notice tone="warn" title="The link is not complete">
          Open the whole link of the mail; it ends in a one-time token.
        </Notice>
      </Frame>
    );
  }
  if (shown.error) {
    return (
      <Frame title="Invitation">
        <ProblemNotice error={shown.error} />
        <Link to="/agents" className={buttonClass("plain")}>
          To your agents
        </Link>
      </Frame>
    );
  }
  if (!shown.data || (me.isPending && !me.error)) {
    return (
      <Frame title="Invitation">
        <Skeleton className="h-24 w-full" />
      </Frame>
    );
  }
  return (
    <Frame title={`Join ${shown.data.account}`}>
      <p className="[overflow-wrap:anywhere]">
        <strong>{shown.data.invited_by}</strong> invites you to work in this account as <strong>{ROLES[shown.data.role][0].toLowerCase()}</strong>: {ROLES[shown.data.role][1]}.
      </p>
      <p className="text-[0.8125rem] text-muted">The link works once, until {moment(shown.data.expires_at)}.</p>
      {me.data ? <Accept me={me.data} token={token} invitation={shown.data} /> : <SignUp token={token} invitation={shown.data} />}
    </Frame>
  );
}

function useArrived(): (me: Me) => void {
  const client = useQueryClient();
  const router = useRouter();
  return (me) => {
    window.sessionStorage.removeItem(KEPT);
    client.clear();
    client.setQueryData(meQuery.queryKey, me);
    router.history.push("/agents");
  };
}

function Accept({ me, token, invitation }: { me: Me; token: string; invitation: InvitationShown }) {
  const arrived = useArrived();
  const client = useQueryClient();
  const accept = useMutation({ mutationFn: async () => switchAccount((await acceptInvitation(token)).id), onSuccess: arrived });
  if (me.user.email !== invitation.email) {
    const out = async (): Promise<void> => {
      try {
        await logout();
      } catch (error) {
        if (!isStatus(error, 401)) return complain(error);
      }
      await client.resetQueries(meQuery);
    };
    return (
      <>
        <Notice tone="warn" title="It is for another address">
          It was sent to <strong className="[overflow-wrap:anywhere]">{invitation.email}</strong>, and you are signed in as <strong className="[overflow-wrap:anywhere]">{me.user.email}</strong>.
        </Notice>
        <Button onClick={() => void out()}>Log out and go on</Button>
      </>
    );
  }
  return (
    <>
      {accept.error && <ProblemNotice error={accept.error} />}
      <Button look="primary" busy={accept.isPending} onClick={() => accept.mutate()}>
        Accept
      </Button>
    </>
  );
}

function SignUp({ token, invitation }: { token: string; invitation: InvitationShown }) {
  const arrived = useArrived();
  const [password, setPassword] = useState("");
  const [early, setEarly] = useState<string | undefined>(undefined);
  const make = useMutation({ mutationFn: () => signupInvited(invitation.email, password, token), onSuccess: arrived });
  const sorted = sortFields(make.error instanceof ApiProblem ? make.error.fields : [], ["password"]);
  return (
    <>
      <form
        noValidate
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          const short = [...password].length < 10;
          setEarly(short ? "must have at least 10 characters" : undefined);
          if (!short) make.mutate();
        }}
      >
        {make.error && !sorted.byField["password"] && <ProblemNotice error={make.error} extra={sorted.rest} />}
        <TextField label="E-mail" type="email" autoComplete="username" readOnly value={invitation.email} />
        <TextField label="Choose a password" type="password" autoComplete="new-password" maxLength={256} value={password} onChange={(event) => setPassword(event.target.value)} hint="At least 10 characters." error={early ?? sorted.byField["password"]} />
        <Button type="submit" look="primary" busy={make.isPending}>
          Sign up and join
        </Button>
      </form>
      <p className="text-muted">
        Signed up already?{" "}
        <Link to="/login" search={{ next: "/invitation" }} className="link">
          Log in
        </Link>
        , and accept then.
      </p>
    </>
  );
}
