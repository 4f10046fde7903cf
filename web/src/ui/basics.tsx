/** The small parts that every page is made of. */
import { useId, type ButtonHTMLAttributes, type InputHTMLAttributes, type ReactNode, type SelectHTMLAttributes, type TextareaHTMLAttributes } from "react";
import { sentence } from "../api/problem";
import { asSentence } from "../lib/fields";

export const cx = (...names: (string | false | null | undefined)[]): string => names.filter(Boolean).join(" ");

type Look = "primary" | "plain" | "quiet" | "danger";

const LOOKS: Record<Look, string> = {
  primary: "bg-coral text-on-coral border-transparent hover:bg-coral-strong",
  plain: "bg-surface text-ink border-line-strong hover:bg-sunken",
  quiet: "bg-transparent text-ink border-transparent hover:bg-sunken",
  danger: "bg-surface text-bad border-bad hover:bg-bad-soft",
};

export function buttonClass(look: Look = "plain", small = false): string {
  return cx(
    "inline-flex items-center justify-center gap-2 rounded-[9px] border font-semibold no-underline transition-colors select-none whitespace-nowrap",
    "disabled:opacity-55 aria-disabled:opacity-55",
    small ? "min-h-9 px-3 text-[0.8125rem]" : "min-h-11 px-4",
    LOOKS[look],
  );
}

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: Look;
  small?: boolean;
  /** Something is under way: the button stays focusable, says so and does nothing. */
  busy?: boolean;
}

export function Button({ look = "plain", small = false, busy = false, className, children, type = "button", onClick, ...rest }: ButtonProps) {
  return (
    <button
      type={type}
      className={cx(buttonClass(look, small), className)}
      aria-disabled={busy || undefined}
      aria-busy={busy || undefined}
      onClick={busy ? (event) => event.preventDefault() : onClick}
      {...rest}
    >
      {busy && <Spinner />}
      {children}
    </button>
  );
}

export function Spinner() {
  return <span aria-hidden="true" className="size-4 shrink-0 animate-spin rounded-full border-2 border-current border-r-transparent" />;
}

interface FieldFrame {
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
  optional?: boolean;
}

function Frame({ label, hint, error, optional, id, children }: FieldFrame & { id: string; children: ReactNode }) {
  return (
    <div className="min-w-0">
      <label htmlFor={id} className="mb-1 block font-semibold">
        {label}
        {optional && <span className="ml-1.5 font-normal text-muted">(optional)</span>}
      </label>
      {children}
      {hint !== undefined && (
        <p id={`${id}-hint`} className="mt-1 text-[0.8125rem] text-muted [overflow-wrap:anywhere]">
          {hint}
        </p>
      )}
      {error !== undefined && (
        <p id={`${id}-error`} className="mt-1 flex gap-1.5 text-[0.8125rem] font-medium text-bad [overflow-wrap:anywhere]">
          <span aria-hidden="true">!</span>
          {asSentence(error)}
        </p>
      )}
    </div>
  );
}

const described = (id: string, hint: ReactNode, error: string | undefined): string | undefined =>
  [hint !== undefined ? `${id}-hint` : "", error !== undefined ? `${id}-error` : ""].filter(Boolean).join(" ") || undefined;

type TextFieldProps = FieldFrame & Omit<InputHTMLAttributes<HTMLInputElement>, "id"> & { after?: ReactNode };

export function TextField({ label, hint, error, optional, after, className, ...rest }: TextFieldProps) {
  const id = useId();
  return (
    <Frame {...{ label, hint, error, id }} {...(optional ? { optional } : {})}>
      <div className="flex gap-2">
        <input id={id} className={cx("input", className)} aria-invalid={error !== undefined} aria-describedby={described(id, hint, error)} {...rest} />
        {after}
      </div>
    </Frame>
  );
}

export function AreaField({ label, hint, error, optional, className, ...rest }: FieldFrame & Omit<TextareaHTMLAttributes<HTMLTextAreaElement>, "id">) {
  const id = useId();
  return (
    <Frame {...{ label, hint, error, id }} {...(optional ? { optional } : {})}>
      <textarea id={id} className={cx("input", className)} aria-invalid={error !== undefined} aria-describedby={described(id, hint, error)} {...rest} />
    </Frame>
  );
}

export function SelectField({ label, hint, error, optional, children, ...rest }: FieldFrame & Omit<SelectHTMLAttributes<HTMLSelectElement>, "id">) {
  const id = useId();
  return (
    <Frame {...{ label, hint, error, id }} {...(optional ? { optional } : {})}>
      <select id={id} className="input" aria-invalid={error !== undefined} aria-describedby={described(id, hint, error)} {...rest}>
        {children}
      </select>
    </Frame>
  );
}

type NoticeTone = "info" | "good" | "warn" | "bad";
const NOTICES: Record<NoticeTone, string> = {
  info: "bg-teal-soft border-teal text-ink",
  good: "bg-good-soft border-good text-ink",
  warn: "bg-amber-soft border-amber text-ink",
  bad: "bg-bad-soft border-bad text-ink",
};

export function Notice({ tone = "info", title, children, alert = false }: { tone?: NoticeTone; title?: string; children?: ReactNode; alert?: boolean }) {
  return (
    <div role={alert ? "alert" : undefined} className={cx("rounded-[10px] border-l-4 px-4 py-3", NOTICES[tone])}>
      {title !== undefined && <p className="font-semibold">{title}</p>}
      <div className="[overflow-wrap:anywhere]">{children}</div>
    </div>
  );
}

/** An error with its next step, and a way to try again where there is one. */
export function ProblemNotice({ error, onRetry, extra }: { error: unknown; onRetry?: () => void; extra?: readonly string[] }) {
  return (
    <Notice tone="bad" alert>
      <p>{asSentence(sentence(error))}</p>
      {extra !== undefined && extra.length > 0 && (
        <ul className="mt-1 list-disc pl-5">
          {extra.map((line) => (
            <li key={line}>{asSentence(line)}</li>
          ))}
        </ul>
      )}
      {onRetry && (
        <Button small className="mt-2" onClick={onRetry}>
          Try again
        </Button>
      )}
    </Notice>
  );
}

export function Skeleton({ className }: { className?: string }) {
  return <div aria-hidden="true" className={cx("shimmer rounded-lg", className ?? "h-5 w-full")} />;
}

/** Stands where a page will be. */
export function PageSkeleton({ rows = 4 }: { rows?: number }) {
  return (
    <div role="status" className="grid gap-4">
      <span className="sr-only">Loading…</span>
      <Skeleton className="h-9 w-56 max-w-full" />
      {Array.from({ length: rows }, (_, row) => (
        <Skeleton key={row} className="h-20 w-full" />
      ))}
    </div>
  );
}

export function Empty({ title, children, page = false }: { title: string; children?: ReactNode; page?: boolean }) {
  const Title = page ? "h1" : "p";
  return (
    <div className="rounded-[14px] border border-dashed border-line-strong px-6 py-10 text-center">
      <Title className="font-display text-lg font-semibold">{title}</Title>
      <div className="mx-auto mt-1 max-w-prose text-muted">{children}</div>
    </div>
  );
}

export function Card({ title, actions, children, className, id }: { title?: ReactNode; actions?: ReactNode; children: ReactNode; className?: string; id?: string }) {
  const heading = useId();
  return (
    <section id={id} aria-labelledby={title !== undefined ? heading : undefined} className={cx("card min-w-0 p-4 sm:p-5", className)}>
      {title !== undefined && (
        <div className="mb-3 flex flex-wrap items-center justify-between gap-2">
          <h2 id={heading} className="text-lg">
            {title}
          </h2>
          {actions}
        </div>
      )}
      {children}
    </section>
  );
}

export function Bar({ label, share, mark, tone = "teal" }: { label: string; share: number; mark?: number; tone?: "teal" | "amber" | "bad" }) {
  const percent = Math.min(100, Math.max(0, share * 100));
  const fill = { teal: "bg-teal", amber: "bg-amber", bad: "bg-bad" }[tone];
  return (
    <div role="meter" aria-label={label} aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.round(percent)} className="relative h-2.5 overflow-hidden rounded-full bg-sunken ring-1 ring-line">
      <div className={cx("h-full rounded-full", fill)} style={{ width: `${percent}%` }} />
      {mark !== undefined && <div className="absolute inset-y-0 w-0.5 bg-ink" style={{ left: `${mark * 100}%` }} />}
    </div>
  );
}
