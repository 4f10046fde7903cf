import { useState, type ReactNode } from "react";
import type { Deployment } from "../../api/types";
import { moment } from "../../lib/format";
import { allowed } from "../../lib/states";
import { Button, Card } from "../../ui/basics";
import { TypedConfirmation } from "../../ui/Dialog";
import { useAsk } from "./Agent";

export function Danger({ agent }: { agent: Deployment }) {
  const [deleting, setDeleting] = useState(false);
  const act = useAsk(agent.id);
  const may = allowed(agent.state);
  return (
    <Card title="Danger zone" className="border-bad/50">
      <div className="divide-y divide-line">
        {may.restart && (
          <Row title="Restart" text="It is gone for about half a minute. Nothing is lost; a question it is answering may be.">
            <Button busy={act.isPending} onClick={() => act.mutate("restart")}>
              Restart
            </Button>
          </Row>
        )}
        {may.suspend && (
          <Row title="Stop" text="It stops and stays stopped until you start it. Its data and its address are kept.">
            <Button busy={act.isPending} onClick={() => act.mutate("suspend")}>
              Stop
            </Button>
          </Row>
        )}
        {may.resume && (
          <Row title="Start" text="It comes back with everything it had.">
            <Button busy={act.isPending} onClick={() => act.mutate("resume")}>
              Start
            </Button>
          </Row>
        )}
        {may.restore && (
          <Row title="Restore" text={agent.purge_at ? `Its data is kept until ${moment(agent.purge_at)}. Until then it can come back with everything it had.` : "It can come back with everything it had."}>
            <Button busy={act.isPending} onClick={() => act.mutate("restore")}>
              Restore
            </Button>
          </Row>
        )}
        {may.remove && (
          <Row title="Delete" text="It stops at once and its address is free again. Its data is kept for a while, so that you can take this back; then it is removed for good.">
            <Button look="danger" onClick={() => setDeleting(true)}>
              Delete…
            </Button>
          </Row>
        )}
      </div>
      {deleting && (
        <TypedConfirmation
          title={`Delete ${agent.name}?`}
          word={agent.name}
          action="Delete this agent"
          busy={act.isPending}
          onConfirm={() => act.mutate("delete", { onSettled: () => setDeleting(false) })}
          onClose={() => setDeleting(false)}
        >
          <p>It stops at once. You can restore it until its data is removed.</p>
        </TypedConfirmation>
      )}
    </Card>
  );
}

function Row({ title, text, children }: { title: string; text: string; children: ReactNode }) {
  return (
    <div className="flex flex-wrap items-center justify-between gap-3 py-4 first:pt-0 last:pb-0">
      <div className="max-w-prose min-w-0">
        <h3 className="text-base">{title}</h3>
        <p className="text-muted">{text}</p>
      </div>
      {children}
    </div>
  );
}
