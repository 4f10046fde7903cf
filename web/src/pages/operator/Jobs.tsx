/** Jobs that were given up (mails, mostly): tried again, or thrown away. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { discardJob, jobsQuery, retryJob, type Job } from "../../api/security";
import { age, day } from "../../lib/format";
import { useNow } from "../../lib/hooks";
import { Button, Card, ProblemNotice, Skeleton } from "../../ui/basics";
import { complain, say } from "../../ui/toasts";

const KINDS: Record<Job["kind"], string> = { mail: "Mail", password_reset: "Password reset" };

export function Jobs() {
  const dead = useQuery(jobsQuery("dead"));
  const waiting = useQuery(jobsQuery("waiting"));
  // One that has just been enqueued is nothing to tell of.
  const late = waiting.data?.items.filter((job) => job.error) ?? [];
  return (
    <Card title="Jobs">
      <p className="mb-3 text-muted">Mails and other things to do later. One that does not work is tried again for most of a day, then it waits here for you.</p>
      {dead.data ? (
        dead.data.items.length + late.length === 0 ? (
          <p>Nothing is stuck.</p>
        ) : (
          <ul className="divide-y divide-line" data-testid="jobs">
            {[...dead.data.items, ...late].map((job) => (
              <Row key={job.id} job={job} />
            ))}
          </ul>
        )
      ) : dead.error ? (
        <ProblemNotice error={dead.error} onRetry={() => void dead.refetch()} />
      ) : (
        <Skeleton className="h-16 w-full" />
      )}
    </Card>
  );
}

function Row({ job }: { job: Job }) {
  const now = useNow();
  const client = useQueryClient();
  const settled = { onSettled: () => client.invalidateQueries({ queryKey: ["operator", "jobs"] }), onError: complain };
  const again = useMutation({ mutationFn: () => retryJob(job.id), onSuccess: () => say("It is tried again."), ...settled });
  const away = useMutation({ mutationFn: () => discardJob(job.id), onSuccess: () => say("It is gone."), ...settled });
  const name = `${KINDS[job.kind] ?? job.kind} of ${day(job.created_at)}`;
  return (
    <li className="flex flex-wrap items-start justify-between gap-3 py-3 first:pt-0 last:pb-0">
      <div className="min-w-0">
        <p className="font-semibold">
          {KINDS[job.kind] ?? job.kind}
          {job.state === "dead" ? ", given up" : ", tried again"} <span className="font-normal text-muted">· {age(job.created_at, now)} · {job.attempts} tries</span>
        </p>
        {job.error && <p className="text-[0.875rem] text-muted [overflow-wrap:anywhere]">{job.error}</p>}
      </div>
      <div className="flex gap-2">
        <Button small busy={again.isPending} onClick={() => again.mutate()}>
          Try again<span className="sr-only">: {name}</span>
        </Button>
        <Button small look="danger" busy={away.isPending} onClick={() => away.mutate()}>
          Discard<span className="sr-only">: {name}</span>
        </Button>
      </div>
    </li>
  );
}
