/** Whether a channel brings the agent its releases, and when. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ApiProblem } from "../../api/problem";
import { follow, refresh } from "../../api/queries";
import type { Deployment, ReleaseChannel } from "../../api/types";
import { DAYS, windowParts, windowText, type Day } from "../../lib/waves";
import { Button, Card, ProblemNotice, SelectField, TextField } from "../../ui/basics";
import { say } from "../../ui/toasts";

const ownZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

export function Follow({ agent }: { agent: Deployment }) {
  const client = useQueryClient();
  const held = agent.window ? windowParts(agent.window) : null;
  const [channel, setChannel] = useState<ReleaseChannel | "">(agent.follows ?? "");
  const [limited, setLimited] = useState(held !== null);
  const [days, setDays] = useState<Day[]>(held?.days ?? ["sat", "sun"]);
  const [from, setFrom] = useState(held?.from ?? "02:00");
  const [to, setTo] = useState(held?.to ?? "05:00");
  const [zone, setZone] = useState(held?.zone ?? ownZone());
  const window = channel !== "" && limited ? windowText({ days, from, to, zone: zone.trim() || "UTC" }) : null;
  const changed = channel !== (agent.follows ?? "") || window !== (agent.window ?? null);
  const save = useMutation({
    mutationFn: () => follow(agent.id, channel === "" ? null : channel, window),
    onSuccess: () => {
      say(channel === "" ? "It stays on its release." : `It follows ${channel}.`);
      refresh(client, agent.id);
    },
  });
  const wrong = save.error instanceof ApiProblem ? save.error.fields.map((field) => `${field.path}: ${field.message}`) : [];
  return (
    <Card title="New releases">
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        {save.error && <ProblemNotice error={save.error} extra={wrong} />}
        <SelectField
          label="Which ones it gets"
          hint="A channel brings a release a few agents at a time. One that does not work with it comes back by itself, with its data. Choosing a release by hand ends the following."
          value={channel}
          onChange={(event) => setChannel(event.target.value as ReleaseChannel | "")}
        >
          <option value="stable">stable: what every agent can have</option>
          <option value="canary">canary: what is new, first</option>
          <option value="">none: only what I choose</option>
        </SelectField>
        {channel !== "" && (
          <label className="flex items-center gap-2">
            <input type="checkbox" checked={limited} onChange={(event) => setLimited(event.target.checked)} />
            <span>Only within a maintenance window</span>
          </label>
        )}
        {channel !== "" && limited && (
          <fieldset className="grid gap-3">
            <legend className="mb-1 font-semibold">Window</legend>
            <div className="flex flex-wrap gap-x-4 gap-y-1">
              {DAYS.map((day) => (
                <label key={day} className="flex items-center gap-1.5">
                  <input
                    type="checkbox"
                    checked={days.includes(day)}
                    onChange={(event) => setDays(event.target.checked ? [...days, day] : days.filter((each) => each !== day))}
                  />
                  {day}
                </label>
              ))}
            </div>
            <div className="grid gap-3 sm:grid-cols-[8rem_8rem_1fr]">
              <TextField label="From" type="time" value={from} onChange={(event) => setFrom(event.target.value)} required />
              <TextField label="To" type="time" value={to} onChange={(event) => setTo(event.target.value)} required />
              <TextField label="Time zone" value={zone} onChange={(event) => setZone(event.target.value)} placeholder="Europe/Berlin" autoComplete="off" spellCheck={false} />
            </div>
          </fieldset>
        )}
        <div>
          <Button type="submit" busy={save.isPending} disabled={!changed || (limited && channel !== "" && days.length === 0)}>
            Save
          </Button>
        </div>
      </form>
    </Card>
  );
}
