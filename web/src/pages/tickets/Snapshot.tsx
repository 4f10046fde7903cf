/** What a tenant let an operator see of an agent. */
import type { SupportSnapshot } from "../../api/types";
import { moment } from "../../lib/format";

export function Snapshot({ snapshot }: { snapshot: SupportSnapshot }) {
  return (
    <div className="grid gap-3 text-[0.875rem]">
      <p className="[overflow-wrap:anywhere]">
        <span className="font-semibold">{snapshot.name}</span> ({snapshot.slug}), {snapshot.plan}, {snapshot.state}
        {snapshot.reason && `: ${snapshot.reason}`}, OpenClaw {snapshot.openclaw_version}, revision {snapshot.revision}; taken {moment(snapshot.taken_at)}
      </p>
      <Part title="Configuration" text={snapshot.config} />
      <Part title="Events" text={snapshot.events.map((event) => `${moment(event.at)}  ${event.message}`).join("\n")} />
      <Part title="Log" text={snapshot.log.join("\n")} />
    </div>
  );
}

function Part({ title, text }: { title: string; text: string }) {
  return (
    <div>
      <p className="font-semibold">{title}</p>
      <pre className="mt-1 overflow-x-auto rounded-lg bg-sunken p-2.5 font-mono text-[0.8125rem] whitespace-pre-wrap [overflow-wrap:anywhere]">{text === "" ? "nothing" : text}</pre>
    </div>
  );
}
