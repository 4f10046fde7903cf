/** Who works in the account, and who is invited to. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { GIVEN, ROLES, atLeast, handOver, invitationsQuery, invite, leaveAccount, membersQuery, removeMember, resendInvitation, revokeInvitation, setRole } from "../../api/account";
import type { InvitationOut, MemberOut, MemberRole } from "../../api/account";
import { ApiProblem } from "../../api/problem";
import { meQuery } from "../../api/queries";
import type { Me } from "../../api/types";
import { sortFields } from "../../lib/fields";
import { age, day } from "../../lib/format";
import { useNow } from "../../lib/hooks";
import { Button, Card, Notice, ProblemNotice, SelectField, Skeleton, TextField } from "../../ui/basics";
import { Dialog } from "../../ui/Dialog";
import { complain, say } from "../../ui/toasts";

export function Members({ me }: { me: Me }) {
  const members = useQuery(membersQuery);
  const admin = atLeast(me.account?.role, "admin");
  const [inviting, setInviting] = useState(false);
  const [leaving, setLeaving] = useState(false);
  const owner = me.account?.role === "owner";
  return (
    <Card title="Members" actions={admin && <Button small onClick={() => setInviting(true)}>Invite</Button>}>
      {members.data ? (
        <ul className="divide-y divide-line">
          {members.data.map((member) => (
            <Row key={member.user} member={member} me={me} />
          ))}
        </ul>
      ) : members.error ? (
        <ProblemNotice error={members.error} onRetry={() => void members.refetch()} />
      ) : (
        <Skeleton className="h-16 w-full" />
      )}
      {admin && <Invitations />}
      {!owner && (
        <div className="mt-4">
          <Button small look="quiet" onClick={() => setLeaving(true)}>
            Leave this account…
          </Button>
        </div>
      )}
      {inviting && <Invite onClose={() => setInviting(false)} />}
      {leaving && <Leave name={me.account?.name ?? ""} onClose={() => setLeaving(false)} />}
    </Card>
  );
}

function Row({ member, me }: { member: MemberOut; me: Me }) {
  const client = useQueryClient();
  const now = useNow();
  const [removing, setRemoving] = useState(false);
  const [handing, setHanding] = useState(false);
  const self = member.user === me.user.id;
  const change = useMutation({
    mutationFn: (role: MemberRole) => setRole(member.user, role),
    onSuccess: (_, role) => {
      say(`${member.email} is ${ROLES[role][0].toLowerCase()} now.`);
      void client.invalidateQueries({ queryKey: membersQuery.queryKey });
      if (self) void client.invalidateQueries({ queryKey: meQuery.queryKey });
    },
    onError: (error) => {
      complain(error);
      void client.invalidateQueries({ queryKey: membersQuery.queryKey });
    },
  });
  const admin = atLeast(me.account?.role, "admin");
  const may = admin && member.role !== "owner";
  return (
    <li className="flex flex-wrap items-center justify-between gap-3 py-3 first:pt-0 last:pb-0">
      <div className="min-w-0">
        <p className="font-semibold [overflow-wrap:anywhere]">
          {member.email} {self && <span className="font-normal text-muted">(you)</span>}
        </p>
        <p className="text-[0.8125rem] text-muted">
          {ROLES[member.role][0]}: {ROLES[member.role][1]} · since {day(member.created_at)} · {member.last_seen_at ? `seen ${age(member.last_seen_at, now)}` : "not seen here yet"}
        </p>
      </div>
      {may && (
        <div className="flex flex-wrap items-center gap-2">
          <label className="sr-only" htmlFor={`role-${member.user}`}>
            Role of {member.email}
          </label>
          <select id={`role-${member.user}`} className="input min-h-9 w-auto py-1" value={member.role} disabled={change.isPending} onChange={(event) => change.mutate(event.target.value as MemberRole)}>
            {GIVEN.map((role) => (
              <option key={role} value={role}>
                {ROLES[role][0]}
              </option>
            ))}
          </select>
          {me.account?.role === "owner" && (
            <Button small onClick={() => setHanding(true)} aria-label={`Hand over… to ${member.email}`}>
              Hand over…
            </Button>
          )}
          {!self && (
            <Button small look="danger" onClick={() => setRemoving(true)} aria-label={`Remove… ${member.email}`}>
              Remove…
            </Button>
          )}
        </div>
      )}
      {removing && <Remove member={member} onClose={() => setRemoving(false)} />}
      {handing && <HandOver member={member} onClose={() => setHanding(false)} />}
    </li>
  );
}

function Remove({ member, onClose }: { member: MemberOut; onClose: () => void }) {
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: () => removeMember(member.user),
    onSuccess: () => {
      say(`${member.email} is out of this account.`);
      void client.invalidateQueries({ queryKey: membersQuery.queryKey });
      onClose();
    },
  });
  return (
    <Dialog title={`Remove ${member.email}?`} onClose={onClose}>
      <div className="grid gap-4">
        {remove.error && <ProblemNotice error={remove.error} />}
        <p>They are signed out of this account at once, the tokens they made for it stop working, and agents they have open close. What they made stays.</p>
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Keep them</Button>
          <Button look="danger" busy={remove.isPending} onClick={() => remove.mutate()}>
            Remove
          </Button>
        </div>
      </div>
    </Dialog>
  );
}

function HandOver({ member, onClose }: { member: MemberOut; onClose: () => void }) {
  const client = useQueryClient();
  const [password, setPassword] = useState("");
  const hand = useMutation({
    mutationFn: () => handOver(member.user, password),
    onSuccess: () => {
      say(`${member.email} owns this account now. You are an admin.`);
      void client.invalidateQueries();
      onClose();
    },
  });
  const sorted = sortFields(hand.error instanceof ApiProblem ? hand.error.fields : [], ["password"]);
  return (
    <Dialog title="Hand the account over?" onClose={onClose}>
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          hand.mutate();
        }}
      >
        {hand.error && !sorted.byField["password"] && <ProblemNotice error={hand.error} extra={sorted.rest} />}
        <p>
          <strong className="[overflow-wrap:anywhere]">{member.email}</strong> will own this account, its agents and what they cost. You stay as an admin, and only they can hand it back.
        </p>
        <TextField label="Your password" type="password" autoComplete="current-password" value={password} onChange={(event) => setPassword(event.target.value)} error={sorted.byField["password"]} />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Keep it</Button>
          <Button type="submit" look="danger" busy={hand.isPending}>
            Hand over
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function Leave({ name, onClose }: { name: string; onClose: () => void }) {
  const leave = useMutation({ mutationFn: leaveAccount, onSuccess: () => window.location.assign("/login") });
  return (
    <Dialog title={`Leave ${name}?`} onClose={onClose}>
      <div className="grid gap-4">
        {leave.error && <ProblemNotice error={leave.error} />}
        <p>You are signed out of it at once, and the tokens that you made for it stop working. An admin can invite you again.</p>
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Stay</Button>
          <Button look="danger" busy={leave.isPending} onClick={() => leave.mutate()}>
            Leave
          </Button>
        </div>
      </div>
    </Dialog>
  );
}

function Invite({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const [email, setEmail] = useState("");
  const [role, setInvited] = useState<MemberRole>("member");
  const send = useMutation({
    mutationFn: () => invite(email.trim(), role),
    onSuccess: (made) => {
      say(`A mail is on its way to ${made.email}.`);
      void client.invalidateQueries({ queryKey: invitationsQuery.queryKey });
      onClose();
    },
  });
  const sorted = sortFields(send.error instanceof ApiProblem ? send.error.fields : [], ["email", "role"]);
  return (
    <Dialog title="Invite someone" onClose={onClose}>
      <form
        noValidate
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (email.trim() !== "") send.mutate();
        }}
      >
        {send.error && Object.keys(sorted.byField).length === 0 && <ProblemNotice error={send.error} extra={sorted.rest} />}
        <TextField label="E-mail" type="email" value={email} autoFocus autoComplete="off" spellCheck={false} onChange={(event) => setEmail(event.target.value)} error={sorted.byField["email"]} />
        <SelectField label="Role" value={role} onChange={(event) => setInvited(event.target.value as MemberRole)} hint={`${ROLES[role][0]}: ${ROLES[role][1]}.`} error={sorted.byField["role"]}>
          {GIVEN.map((each) => (
            <option key={each} value={each}>
              {ROLES[each][0]}
            </option>
          ))}
        </SelectField>
        <Notice>The mail has a link that works once, for seven days, for this address alone.</Notice>
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={send.isPending} disabled={email.trim() === ""}>
            Send the invitation
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function Invitations() {
  const invitations = useQuery(invitationsQuery);
  if (invitations.error) return <ProblemNotice error={invitations.error} onRetry={() => void invitations.refetch()} />;
  if (!invitations.data || invitations.data.length === 0) return null;
  return (
    <section className="mt-5 border-t border-line pt-4">
      <h3 className="mb-2 font-semibold">Invited</h3>
      <ul className="divide-y divide-line">
        {invitations.data.map((invitation) => (
          <Invited key={invitation.id} invitation={invitation} />
        ))}
      </ul>
    </section>
  );
}

function Invited({ invitation }: { invitation: InvitationOut }) {
  const client = useQueryClient();
  const now = useNow();
  const again = (text: string) => () => {
    say(text);
    void client.invalidateQueries({ queryKey: invitationsQuery.queryKey });
  };
  const resend = useMutation({ mutationFn: () => resendInvitation(invitation.id), onSuccess: again(`Sent again to ${invitation.email}; the link of before works no more.`), onError: complain });
  const revoke = useMutation({ mutationFn: () => revokeInvitation(invitation.id), onSuccess: again("The invitation is taken back."), onError: complain });
  return (
    <li className="flex flex-wrap items-center justify-between gap-3 py-3 first:pt-0 last:pb-0">
      <div className="min-w-0">
        <p className="font-semibold [overflow-wrap:anywhere]">{invitation.email}</p>
        <p className="text-[0.8125rem] text-muted [overflow-wrap:anywhere]">
          as {ROLES[invitation.role][0].toLowerCase()}, by {invitation.invited_by} · sent {age(invitation.sent_at, now)} · {invitation.expired ? <span className="text-bad">expired: send it again</span> : `until ${day(invitation.expires_at)}`}
        </p>
      </div>
      <div className="flex gap-2">
        <Button small busy={resend.isPending} aria-label={`Send again to ${invitation.email}`} onClick={() => resend.mutate()}>
          Send again
        </Button>
        <Button small look="danger" busy={revoke.isPending} aria-label={`Take back what ${invitation.email} was sent`} onClick={() => revoke.mutate()}>
          Take back
        </Button>
      </div>
    </li>
  );
}
