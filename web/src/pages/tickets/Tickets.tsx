/** Tickets: one's own, or everybody's for operators. */
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, useRouter } from "@tanstack/react-router";
import { useState } from "react";
import { openTicket, takeSnapshot, ticketsQuery } from "../../api/console";
import { ApiProblem } from "../../api/problem";
import { deploymentsQuery } from "../../api/queries";
import type { SnapshotPreview, Ticket, TicketState } from "../../api/types";
import { sortFields } from "../../lib/fields";
import { age } from "../../lib/format";
import { useNow, useSettled, useTitle } from "../../lib/hooks";
import { AreaField, Button, Card, Empty, ProblemNotice, SelectField, Skeleton, TextField } from "../../ui/basics";
import { Dialog } from "../../ui/Dialog";
import { Page } from "../../ui/Shell";
import { Snapshot } from "./Snapshot";
import { TicketBadge } from "./TicketBadge";

export default function Tickets() {
  return <TicketList staff={false} />;
}

export function OperatorTickets() {
  return <TicketList staff />;
}

function TicketList({ staff }: { staff: boolean }) {
  useTitle(staff ? "Tickets of everybody" : "Help");
  const [typed, setTyped] = useState("");
  const [state, setState] = useState<TicketState | "">(staff ? "open" : "");
  const [opening, setOpening] = useState(false);
  const tickets = useQuery(ticketsQuery(staff, useSettled(typed, 300), state));
  return (
    <Page>
      <div className="flex flex-wrap items-center justify-between gap-3">
        <h1 className="text-3xl">{staff ? "Tickets" : "Help"}</h1>
        {!staff && (
          <Button look="primary" onClick={() => setOpening(true)}>
            Ask for help
          </Button>
        )}
      </div>
      <Card className="mt-6">
        <div className="mb-4 grid gap-3 sm:grid-cols-2">
          <TextField label="Find" value={typed} onChange={(event) => setTyped(event.target.value)} placeholder={staff ? "number, subject or account" : "number or subject"} />
          <SelectField label="State" value={state} onChange={(event) => setState(event.target.value as TicketState | "")}>
            <option value="">any</option>
            <option value="open">open</option>
            <option value="waiting">{staff ? "waiting for the customer" : "waiting for you"}</option>
            <option value="solved">solved</option>
            <option value="closed">closed</option>
          </SelectField>
        </div>
        {tickets.data ? (
          tickets.data.length === 0 ? (
            <Empty title="No tickets">{staff ? "Nobody waits for an answer here." : "If something does not work, ask: the operator of this Vivier answers here and by mail."}</Empty>
          ) : (
            <ul className="divide-y divide-line" aria-label="Tickets">
              {tickets.data.map((ticket) => (
                <Row key={ticket.id} ticket={ticket} staff={staff} />
              ))}
            </ul>
          )
        ) : tickets.error ? (
          <ProblemNotice error={tickets.error} onRetry={() => void tickets.refetch()} />
        ) : (
          <Skeleton className="h-28 w-full" />
        )}
      </Card>
      {opening && <OpenTicket onClose={() => setOpening(false)} />}
    </Page>
  );
}

function Row({ ticket, staff }: { ticket: Ticket; staff: boolean }) {
  const now = useNow();
  return (
    <li className="flex flex-wrap items-center justify-between gap-3 py-3 first:pt-0 last:pb-0">
      <div className="min-w-0">
        <p className="font-semibold [overflow-wrap:anywhere]">
          <Link to={staff ? "/operator/tickets/$id" : "/tickets/$id"} params={{ id: String(ticket.number) }}>
            #{ticket.number} {ticket.subject}
          </Link>
        </p>
        <p className="text-[0.8125rem] text-muted [overflow-wrap:anywhere]">
          {staff && `${ticket.account_name} · `}
          {ticket.opened_by} · last word {age(ticket.updated_at, now)}
        </p>
      </div>
      <TicketBadge state={ticket.state} staff={staff} />
    </li>
  );
}

/** Nothing of an agent is sent that was not shown here first. */
function OpenTicket({ onClose }: { onClose: () => void }) {
  const router = useRouter();
  const agents = useQuery(deploymentsQuery({ q: "", state: undefined }));
  const [subject, setSubject] = useState("");
  const [message, setMessage] = useState("");
  const [agent, setAgent] = useState("");
  const [preview, setPreview] = useState<SnapshotPreview | null>(null);
  const look = useMutation({ mutationFn: () => takeSnapshot(agent), onSuccess: setPreview });
  const open = useMutation({
    mutationFn: () => openTicket({ subject, message, ...(agent ? { deployment: agent } : {}), ...(preview ? { snapshot: preview.id } : {}) }),
    onSuccess: (ticket) => router.navigate({ to: "/tickets/$id", params: { id: String(ticket.number) } }),
  });
  const fields = open.error instanceof ApiProblem ? sortFields(open.error.fields, ["subject", "message"]) : { byField: {} as Record<string, string>, rest: [] };
  return (
    <Dialog title="Ask for help" onClose={onClose} wide>
      <form
        noValidate
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          open.mutate();
        }}
      >
        {open.error && Object.keys(fields.byField).length === 0 && <ProblemNotice error={open.error} extra={fields.rest} />}
        {look.error && <ProblemNotice error={look.error} />}
        <TextField label="What is it about?" maxLength={150} value={subject} onChange={(event) => setSubject(event.target.value)} error={fields.byField["subject"]} />
        <AreaField label="What did you do, and what happened?" rows={6} value={message} onChange={(event) => setMessage(event.target.value)} error={fields.byField["message"]} hint="No passwords and no keys, please. Nobody needs them to help." />
        <SelectField
          label="Agent"
          optional
          value={agent}
          onChange={(event) => {
            setAgent(event.target.value);
            setPreview(null);
          }}
        >
          <option value="">none in particular</option>
          {agents.data?.items.map((each) => (
            <option key={each.id} value={each.id}>
              {each.name}
            </option>
          ))}
        </SelectField>
        {agent !== "" && preview === null && (
          <div>
            <p className="mb-2 max-w-prose text-muted">You may let the operator see its configuration, its last events and the end of its log, without secrets. Look at it first; nothing is sent yet.</p>
            <Button busy={look.isPending} onClick={() => look.mutate()}>
              Show me what would be sent
            </Button>
          </div>
        )}
        {preview && (
          <div className="grid gap-2">
            <p className="font-semibold">The operator would see exactly this:</p>
            <div className="max-h-80 overflow-auto rounded-lg border border-line p-3" tabIndex={0} role="region" aria-label="What would be sent">
              <Snapshot snapshot={preview.snapshot} />
            </div>
            <div>
              <Button small onClick={() => setPreview(null)}>
                Leave it out
              </Button>
            </div>
          </div>
        )}
        <div className="flex flex-wrap justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" type="submit" busy={open.isPending} disabled={subject.trim() === "" || message.trim() === ""}>
            {preview ? "Agree and send" : "Send"}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
