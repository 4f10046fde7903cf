/**
 * The editor of the configuration: CodeMirror 6 with JSON5. It lives in a shadow root, where CodeMirror brings its styles as
 * constructed sheets: the content policy refuses the style elements that it would add to the page otherwise.
 */
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching, HighlightStyle, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { searchKeymap } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { json5 } from "codemirror-json5";
import { useEffect, useRef } from "react";
import type { ConfigIssue } from "../api/types";
import { placeOf } from "../lib/locate";

interface Props {
  label: string;
  value: string;
  onChange?: (text: string) => void;
  issues?: readonly ConfigIssue[];
}

const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--teal)" },
  { tag: tags.string, color: "var(--good)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--coral-strong)" },
  { tag: tags.comment, color: "var(--muted)", fontStyle: "italic" },
]);

const look = EditorView.theme({
  "&": { backgroundColor: "var(--surface)", color: "var(--ink)", fontSize: "0.84rem", border: "1px solid var(--line-strong)", borderRadius: "10px", overflow: "hidden" },
  "&.cm-focused": { outline: "3px solid var(--teal)", outlineOffset: "2px" },
  ".cm-scroller": { fontFamily: "var(--editor-font)", lineHeight: "1.6", minHeight: "14rem", maxHeight: "60dvh" },
  ".cm-content": { caretColor: "var(--ink)" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  ".cm-gutters": { backgroundColor: "var(--sunken)", color: "var(--muted)", border: "none" },
  ".cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--teal-soft) 45%, transparent)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "color-mix(in srgb, var(--teal) 28%, transparent)" },
  ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy var(--bad) 1.5px", textUnderlineOffset: "3px" },
  ".cm-tooltip": { backgroundColor: "var(--surface)", color: "var(--ink)", border: "1px solid var(--line-strong)", borderRadius: "8px" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--bad)" },
  ".cm-panels": { backgroundColor: "var(--sunken)", color: "var(--ink)" },
});

export default function Editor({ label, value, onChange, issues = [] }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const changed = useRef(onChange);
  const first = useRef(value);
  useEffect(() => {
    changed.current = onChange;
  });

  const fixed = onChange === undefined;
  useEffect(() => {
    const element = host.current;
    if (!element) return undefined;
    const root = element.shadowRoot ?? element.attachShadow({ mode: "open" });
    const parent = document.createElement("div");
    root.replaceChildren(parent);
    const made = new EditorView({
      parent,
      root,
      state: EditorState.create({
        doc: first.current,
        extensions: [
          lineNumbers(),
          history(),
          drawSelection(),
          indentOnInput(),
          bracketMatching(),
          highlightActiveLine(),
          json5(),
          syntaxHighlighting(colours),
          lintGutter(),
          // Tab leaves the editor, as everywhere: nobody is caught in it.
          keymap.of([...defaultKeymap, ...searchKeymap, ...historyKeymap, ...lintKeymap]),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ "aria-label": label, "aria-multiline": "true", spellcheck: "false" }),
          EditorState.readOnly.of(fixed),
          look,
          EditorView.updateListener.of((update) => {
            if (update.docChanged) changed.current?.(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = made;
    return () => {
      first.current = made.state.doc.toString();
      made.destroy();
      view.current = null;
    };
  }, [label, fixed]);

  useEffect(() => {
    const now = view.current;
    if (now && now.state.doc.toString() !== value) now.dispatch({ changes: { from: 0, to: now.state.doc.length, insert: value } });
  }, [value]);

  useEffect(() => {
    const now = view.current;
    if (!now) return;
    const text = now.state.doc.toString();
    const found = issues.map((issue) => {
      const [from, to] = placeOf(text, issue);
      return { from, to: Math.min(to, text.length), severity: "error" as const, message: issue.path === "" ? issue.message : `${issue.path}: ${issue.message}` };
    });
    now.dispatch(setDiagnostics(now.state, found));
  }, [issues, value]);

  return <div ref={host} className="[--editor-font:var(--font-mono)]" data-testid="editor" />;
}
