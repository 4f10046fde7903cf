import type { TicketState } from "../../api/types";
import { cx } from "../../ui/basics";

const LOOKS: Record<TicketState, string> = { open: "bg-teal-soft text-teal", waiting: "bg-amber-soft text-ink", solved: "bg-good-soft text-good", closed: "bg-sunken text-muted" };

export function TicketBadge({ state, staff }: { state: TicketState; staff: boolean }) {
  const words = state === "waiting" ? (staff ? "waiting for the customer" : "waiting for you") : state;
  return <span className={cx("rounded-full px-2.5 py-0.5 text-[0.8125rem] font-semibold", LOOKS[state])}>{words}</span>;
}
