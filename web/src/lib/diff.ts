/** What differs between two texts, line by line (Myers, "An O(ND) Difference Algorithm and Its Variations", 1986). */

export interface DiffLine {
  kind: "same" | "removed" | "added";
  text: string;
  /** Line numbers from 1; only the sides that have the line. */
  before?: number;
  after?: number;
}

export type DiffRow = DiffLine | { kind: "skipped"; count: number };

/** Texts that differ in more lines than these are shown as one replaced by the other. */
const MOST_EDITS = 800;

const linesOf = (text: string): string[] => {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  return lines;
};

export function diffLines(before: string, after: string): DiffLine[] {
  const [old, fresh] = [linesOf(before), linesOf(after)];
  let head = 0;
  while (head < old.length && head < fresh.length && old[head] === fresh[head]) head += 1;
  let tail = 0;
  while (tail < old.length - head && tail < fresh.length - head && old[old.length - 1 - tail] === fresh[fresh.length - 1 - tail]) tail += 1;
  const middle = steps(old.slice(head, old.length - tail), fresh.slice(head, fresh.length - tail));
  const kinds: DiffLine["kind"][] = [...Array<DiffLine["kind"]>(head).fill("same"), ...middle, ...Array<DiffLine["kind"]>(tail).fill("same")];
  let [left, right] = [0, 0];
  return kinds.map((kind) => {
    if (kind === "removed") return { kind, text: old[left] ?? "", before: (left += 1) };
    if (kind === "added") return { kind, text: fresh[right] ?? "", after: (right += 1) };
    return { kind, text: old[left] ?? "", before: (left += 1), after: (right += 1) };
  });
}

/** The shortest way from `old` to `fresh`. */
function steps(old: string[], fresh: string[]): DiffLine["kind"][] {
  const replaced = (): DiffLine["kind"][] => [...old.map(() => "removed" as const), ...fresh.map(() => "added" as const)];
  if (old.length === 0 || fresh.length === 0) return replaced();
  // `reach.get(k)`: how far into `old` the furthest path on the diagonal k (place in old − place in fresh) comes.
  let reach = new Map<number, number>([[1, 0]]);
  const past: Map<number, number>[] = [];
  for (let edits = 0; edits <= Math.min(old.length + fresh.length, MOST_EDITS); edits += 1) {
    past.push(reach);
    const next = new Map(reach);
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      const below = next.get(diagonal + 1) ?? -1;
      const beside = next.get(diagonal - 1) ?? -1;
      let x = diagonal === -edits || (diagonal !== edits && beside < below) ? below : beside + 1;
      let y = x - diagonal;
      while (x < old.length && y < fresh.length && old[x] === fresh[y]) {
        x += 1;
        y += 1;
      }
      next.set(diagonal, x);
      if (x >= old.length && y >= fresh.length) return wayBack(past, edits, old.length, fresh.length);
    }
    reach = next;
  }
  return replaced();
}

function wayBack(past: Map<number, number>[], edits: number, oldLength: number, freshLength: number): DiffLine["kind"][] {
  const way: DiffLine["kind"][] = [];
  let [x, y] = [oldLength, freshLength];
  for (let edit = edits; edit > 0; edit -= 1) {
    const reach = past[edit] ?? new Map<number, number>();
    const diagonal = x - y;
    const below = reach.get(diagonal + 1) ?? -1;
    const beside = reach.get(diagonal - 1) ?? -1;
    const down = diagonal === -edit || (diagonal !== edit && beside < below);
    const from = down ? diagonal + 1 : diagonal - 1;
    const fromX = reach.get(from) ?? 0;
    for (; x > (down ? fromX : fromX + 1); x -= 1) way.push("same");
    way.push(down ? "added" : "removed");
    [x, y] = [fromX, fromX - from];
  }
  for (; x > 0; x -= 1) way.push("same");
  return way.reverse();
}

/** The lines that differ with `context` lines around them; what lies between is counted. */
export function folded(lines: readonly DiffLine[], context = 3): DiffRow[] {
  const near = lines.map(() => false);
  lines.forEach((line, place) => {
    if (line.kind !== "same") for (let at = Math.max(0, place - context); at <= Math.min(lines.length - 1, place + context); at += 1) near[at] = true;
  });
  const rows: DiffRow[] = [];
  lines.forEach((line, place) => {
    const last = rows.at(-1);
    if (near[place]) rows.push(line);
    else if (last?.kind === "skipped") last.count += 1;
    else rows.push({ kind: "skipped", count: 1 });
  });
  // A single skipped line takes as much room as the line itself.
  return rows.map((row, at) => (row.kind === "skipped" && row.count === 1 ? (lines[placeOfRow(rows, at)] ?? row) : row));
}

function placeOfRow(rows: readonly DiffRow[], at: number): number {
  return rows.slice(0, at).reduce((sum, row) => sum + (row.kind === "skipped" ? row.count : 1), 0);
}
