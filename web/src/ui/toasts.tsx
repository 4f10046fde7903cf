/** Short messages at the foot of the page, read out by screen readers. */
import { useSyncExternalStore } from "react";
import { sentence } from "../api/problem";
import { asSentence } from "../lib/fields";
import { cx } from "./basics";

interface Toast {
  id: number;
  text: string;
  bad: boolean;
}

let toasts: readonly Toast[] = [];
let count = 0;
const watchers = new Set<() => void>();

function set(next: readonly Toast[]): void {
  toasts = next;
  for (const each of watchers) each();
}

function show(text: string, bad: boolean): void {
  count += 1;
  const id = count;
  set([...toasts.slice(-2), { id, text, bad }]);
  setTimeout(() => dismiss(id), bad ? 12_000 : 5_000);
}

const dismiss = (id: number): void => set(toasts.filter((toast) => toast.id !== id));

export const say = (text: string): void => show(text, false);
export const complain = (error: unknown): void => show(asSentence(sentence(error)), true);

export function Toasts() {
  const shown = useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => toasts,
  );
  return (
    <div role="region" aria-label="Messages" aria-live="polite" className="pointer-events-none fixed inset-x-3 bottom-3 z-50 flex flex-col items-center gap-2">
      {shown.map((toast) => (
        <div
          key={toast.id}
          className={cx("card pointer-events-auto flex max-w-xl items-start gap-3 border-l-4 px-4 py-3 [overflow-wrap:anywhere]", toast.bad ? "border-l-bad" : "border-l-good")}
        >
          <span>{toast.text}</span>
          <button type="button" className="link shrink-0 text-[0.8125rem]" onClick={() => dismiss(toast.id)}>
            Dismiss
          </button>
        </div>
      ))}
    </div>
  );
}
