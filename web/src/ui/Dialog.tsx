/**
 * A modal dialog on the browser's own `<dialog>`: focus trap, Escape, inertness and the top layer come with it, and unlike most
 * libraries it injects no style element, which the content policy would refuse.
 */
import { useEffect, useId, useRef, useState, type ReactNode } from "react";
import { Button, TextField } from "./basics";

interface DialogProps {
  title: string;
  onClose: () => void;
  children: ReactNode;
  wide?: boolean;
}

export function Dialog({ title, onClose, children, wide = false }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    const dialog = element.current;
    if (dialog && !dialog.open) dialog.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={element}
      aria-labelledby={heading}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onMouseDown={(event) => {
        if (event.target === element.current) onClose();
      }}
      className={`card m-auto ${wide ? "w-[min(92vw,56rem)]" : "w-[min(92vw,32rem)]"} max-h-[90dvh] overflow-auto p-0 text-ink`}
    >
      <div className="p-5 sm:p-6">
        <h2 id={heading} className="mb-3 text-xl">
          {title}
        </h2>
        {children}
      </div>
    </dialog>
  );
}

interface TypedConfirmationProps {
  title: string;
  children: ReactNode;
  /** What must be typed. */
  word: string;
  action: string;
  busy: boolean;
  error?: ReactNode;
  onConfirm: () => void;
  onClose: () => void;
}

/** For what cannot be taken back lightly: the name must be typed. */
export function TypedConfirmation({ title, children, word, action, busy, error, onConfirm, onClose }: TypedConfirmationProps) {
  const [typed, setTyped] = useState("");
  const matches = typed.trim() === word;
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (matches && !busy) onConfirm();
        }}
      >
        <div>{children}</div>
        {error}
        <TextField label={`Type “${word}” to go on`} value={typed} onChange={(event) => setTyped(event.target.value)} autoComplete="off" spellCheck={false} autoFocus />
        <div className="flex flex-wrap justify-end gap-2">
          <Button onClick={onClose}>Keep it</Button>
          <Button type="submit" look="danger" disabled={!matches} busy={busy}>
            {action}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
