/** One ticket: all that was said, and what comes next. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { answerTicket, moveTicket, ticketQuery, writeInTicket } from "../../api/console";
import type { TicketDetail } from "../../api/types";
import { moment } from "../../lib/format";
import { useTitle } from "../../lib/hooks";
import { AreaField, Button, Card, cx, Empty, PageSkeleton, ProblemNotice } from "../../ui/basics";
import { Page } from "../../ui/Shell";
import { Snapshot } from "./Snapshot";
import { TicketBadge } from "./TicketBadge";

export default function Ticket() {
  return <One staff={false} />;
}

export function OperatorTicket() {
  return <One staff />;
}

function One({ staff }: { staff: boolean }) {
  const { id } = useParams({ strict: false });
  const ticket = useQuery(ticketQuery(staff, id ?? ""));
  useTitle(ticket.data ? `#${ticket.data.number} ${ticket.data.subject}` : "Ticket");
  return (
    <Page narrow>
      <p className="mb-2">
        <Link to={staff ? "/operator/tickets" : "/tickets"} className="link">All tickets</Link>
      </p>
      {ticket.data ? (
        <Detail ticket={ticket.data} staff={staff} />
      ) : ticket.data === null ? (
        <Empty page title="There is no such ticket" />
      ) : ticket.error ? (
        <ProblemNotice error={ticket.error} onRetry={() => void ticket.refetch()} />
      ) : (
        <PageSkeleton />
      )}
    </Page>
  );
}

function Detail({ ticket, staff }: { ticket: TicketDetail; staff: boolean }) {
  return (
    <div className="grid gap-5">
      <div className="flex flex-wrap items-center justify-between gap-3">
        <h1 className="text-2xl [overflow-wrap:anywhere]">
          #{ticket.number} {ticket.subject}
        </h1>
        <TicketBadge state={ticket.state} staff={staff} />
      </div>
      {staff && (
        <p className="text-muted">
          <Link to="/operator/accounts/$id" params={{ id: ticket.account }} className="link">
            {ticket.account_name}
          </Link>
        </p>
      )}
      <ol className="grid gap-3" aria-label="What was said">
        {ticket.messages.map((said, place) => (
          <li key={place} className={cx("card p-4", said.from_operator && "border-teal", said.internal && "bg-amber-soft")}>
            <p className="text-[0.8125rem] text-muted [overflow-wrap:anywhere]">
              <span className="font-semibold text-ink">{said.author}</span> · {moment(said.at)}
              {said.internal && " · a note that the customer does not see"}
            </p>
            <p className="mt-1.5 whitespace-pre-wrap [overflow-wrap:anywhere]">{said.message}</p>
          </li>
        ))}
      </ol>
      {ticket.snapshot && (
        <Card title={staff ? "What the customer let you see" : "What you let the operator see"}>
          <Snapshot snapshot={ticket.snapshot} />
        </Card>
      )}
      {ticket.snapshot_destroyed_at && <p className="text-muted">What was sent of the agent was destroyed on {moment(ticket.snapshot_destroyed_at)}.</p>}
      <Next ticket={ticket} staff={staff} />
    </div>
  );
}

function Next({ ticket, staff }: { ticket: TicketDetail; staff: boolean }) {
  const client = useQueryClient();
  const [message, setMessage] = useState("");
  const [internal, setInternal] = useState(false);
  const [solved, setSolved] = useState(false);
  const done = () => {
    setMessage("");
    setInternal(false);
    setSolved(false);
    void client.invalidateQueries({ queryKey: ["ticket"] });
    void client.invalidateQueries({ queryKey: ["tickets"] });
  };
  const say = useMutation({ mutationFn: () => (staff ? answerTicket(ticket.id, { message, internal, solved }) : writeInTicket(ticket.id, message)), onSuccess: done });
  const move = useMutation({ mutationFn: (verb: "close" | "reopen") => moveTicket(staff, ticket.id, verb), onSuccess: done });
  const closed = ticket.state === "closed";
  return (
    <Card title={closed ? "It is closed" : staff ? "Answer" : "Write"}>
      <form
        noValidate
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          say.mutate();
        }}
      >
        {(say.error ?? move.error) && <ProblemNotice error={say.error ?? move.error} />}
        {(!closed || (staff && internal)) && <AreaField label="Message" rows={5} value={message} onChange={(event) => setMessage(event.target.value)} />}
        {staff && !closed && (
          <div className="flex flex-wrap gap-x-6 gap-y-2">
            <Tick label="A note that the customer does not see" checked={internal} onChange={(on) => (setInternal(on), on && setSolved(false))} />
            <Tick label="It is solved by this" checked={solved} onChange={(on) => (setSolved(on), on && setInternal(false))} />
          </div>
        )}
        <div className="flex flex-wrap gap-2">
          {!closed && (
            <Button look="primary" type="submit" busy={say.isPending} disabled={message.trim() === ""}>
              Send
            </Button>
          )}
          {closed || ticket.state === "solved" ? (
            <Button busy={move.isPending} onClick={() => move.mutate("reopen")}>
              Open it again
            </Button>
          ) : null}
          {!closed && (
            <Button busy={move.isPending} onClick={() => move.mutate("close")}>
              Close the ticket
            </Button>
          )}
        </div>
      </form>
    </Card>
  );
}

function Tick({ label, checked, onChange }: { label: string; checked: boolean; onChange: (on: boolean) => void }) {
  return (
    <label className="flex items-center gap-2">
      <input type="checkbox" className="size-4 accent-[var(--color-teal)]" checked={checked} onChange={(event) => onChange(event.target.checked)} />
      {label}
    </label>
  );
}
