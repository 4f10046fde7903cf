// Which state a list of agents shows; nothing chosen: all of them.

import type { State } from "../api/types";
import { meaning, STATES } from "../lib/states";

export function StateSelect({ value, onChange }: { value: State | undefined; onChange: (state: State | undefined) => void }) {
  return (
    <select className="input" aria-label="Show only one state" value={value ?? ""} onChange={(event) => onChange((event.target.value || undefined) as State | undefined)}>
      <option value="">All states</option>
      {STATES.map((each) => (
        <option key={each} value={each}>
          {meaning(each).title}
        </option>
      ))}
    </select>
  );
}
