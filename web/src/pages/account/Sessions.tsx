/** Where one is signed in, and the end of any of it. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { endOtherSessions, endSession, sessionsQuery, type SessionOut } from "../../api/account";
import { age, day } from "../../lib/format";
import { useNow } from "../../lib/hooks";
import { Button, Card, ProblemNotice, Skeleton } from "../../ui/basics";
import { complain, say } from "../../ui/toasts";

export function Sessions() {
  const client = useQueryClient();
  const sessions = useQuery(sessionsQuery);
  const others = useMutation({
    mutationFn: endOtherSessions,
    onSuccess: () => {
      say("You are signed in here alone.");
      void client.invalidateQueries({ queryKey: sessionsQuery.queryKey });
    },
    onError: complain,
  });
  const more = (sessions.data?.length ?? 0) > 1;
  return (
    <Card
      title="Signed in"
      actions={
        more && (
          <Button small busy={others.isPending} onClick={() => others.mutate()}>
            Sign out everywhere else
          </Button>
        )
      }
    >
      {sessions.data ? (
        <ul className="divide-y divide-line">
          {sessions.data.map((session) => (
            <Row key={session.id} session={session} />
          ))}
        </ul>
      ) : sessions.error ? (
        <ProblemNotice error={sessions.error} onRetry={() => void sessions.refetch()} />
      ) : (
        <Skeleton className="h-16 w-full" />
      )}
    </Card>
  );
}

function Row({ session }: { session: SessionOut }) {
  const client = useQueryClient();
  const now = useNow();
  const end = useMutation({
    mutationFn: () => endSession(session.id),
    onSuccess: () => {
      say("That browser is signed out.");
      void client.invalidateQueries({ queryKey: sessionsQuery.queryKey });
    },
    onError: complain,
  });
  const browser = session.browser ?? "A browser that does not say what it is";
  return (
    <li className="flex flex-wrap items-center justify-between gap-3 py-3 first:pt-0 last:pb-0">
      <div className="min-w-0">
        <p className="font-semibold [overflow-wrap:anywhere]">
          {browser} {session.current && <span className="ml-1 rounded-full bg-teal-soft px-2 py-0.5 text-[0.8125rem] text-teal">this one</span>}
        </p>
        <p className="text-[0.8125rem] text-muted [overflow-wrap:anywhere]">
          {session.address ?? "address unknown"} · {session.account ? `in ${session.account}` : "in no account"} · seen {age(session.last_seen_at, now)} · since {day(session.created_at)}
        </p>
      </div>
      {!session.current && (
        <Button small look="danger" aria-label={`Sign out ${browser} at ${session.address ?? "an unknown address"}`} busy={end.isPending} onClick={() => end.mutate()}>
          Sign out
        </Button>
      )}
    </li>
  );
}
