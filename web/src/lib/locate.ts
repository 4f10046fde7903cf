/** Where in a JSON5 text a dotted path is. A small reader of its own: it must work on texts that do not parse to the end. */

/** The position of what `path` names, as `[from, to)`; the nearest parent when the path itself is not there; `null` for nothing. */
export function locate(text: string, path: string): [number, number] | null {
  const parts = path.replace(/\[["']?([^\]"']+)["']?\]/g, ".$1").split(".").filter((part) => part !== "");
  if (parts.length === 0) return null;
  const keys = keysOf(text);
  for (let depth = parts.length; depth > 0; depth -= 1) {
    const wanted = parts.slice(0, depth).join("\u0000");
    const found = keys.find((key) => key.path === wanted);
    if (found) return [found.from, found.to];
  }
  return null;
}

interface Key {
  path: string;
  from: number;
  to: number;
}

/** Every key (and every element of an array, by its number) with its path, in the order of the text. */
function keysOf(text: string): Key[] {
  const keys: Key[] = [];
  const stack: { array: boolean; index: number; path: string[]; key: string | null; expectKey: boolean }[] = [];
  let at = 0;
  const here = (): string[] => {
    const top = stack.at(-1);
    if (!top) return [];
    return [...top.path, top.array ? String(top.index) : (top.key ?? "")];
  };
  const noteElement = (from: number, to: number): void => {
    const top = stack.at(-1);
    if (top?.array) keys.push({ path: here().join("\u0000"), from, to });
  };
  while (at < text.length) {
    const letter = text[at] ?? "";
    if (text.startsWith("//", at)) {
      const end = text.slice(at).search(/[\n\r]/);
      at = end < 0 ? text.length : at + end;
    } else if (text.startsWith("/*", at)) {
      const end = text.indexOf("*/", at + 2);
      at = end < 0 ? text.length : end + 2;
    } else if (letter === "{" || letter === "[") {
      noteElement(at, at + 1);
      stack.push({ array: letter === "[", index: 0, path: here(), key: null, expectKey: letter === "{" });
      at += 1;
    } else if (letter === "}" || letter === "]") {
      stack.pop();
      at += 1;
    } else if (letter === ",") {
      const top = stack.at(-1);
      if (top) {
        top.index += 1;
        top.expectKey = !top.array;
      }
      at += 1;
    } else if (letter === ":") {
      const top = stack.at(-1);
      if (top) top.expectKey = false;
      at += 1;
    } else if (letter === '"' || letter === "'") {
      const from = at;
      let content = "";
      for (at += 1; at < text.length && text[at] !== letter; at += 1) {
        if (text[at] === "\\") at += 1;
        content += text[at] ?? "";
      }
      at += 1;
      note(content, from, at);
    } else if (/[\s]/.test(letter)) {
      at += 1;
    } else {
      const from = at;
      while (at < text.length && !/[\s,:{}[\]"']/.test(text[at] ?? "") && !text.startsWith("//", at) && !text.startsWith("/*", at)) at += 1;
      if (at === from) at += 1;
      note(text.slice(from, at), from, at);
    }
  }
  function note(content: string, from: number, to: number): void {
    const top = stack.at(-1);
    if (!top) return;
    if (top.expectKey) {
      top.key = content;
      keys.push({ path: here().join("\u0000"), from, to });
    } else noteElement(from, to);
  }
  return keys;
}

/** Where an issue is to be shown: its line when the API says it, the path otherwise, else the very beginning. */
export function placeOf(text: string, issue: { path: string; line?: number | null | undefined }): [number, number] {
  const found = locate(text, issue.path);
  if (found) {
    // A path that occurs on another line than the API says is another thing of the same name.
    if (!issue.line || lineAt(text, found[0]) === issue.line) return found;
  }
  if (issue.line) {
    const lines = text.split("\n");
    const before = lines.slice(0, issue.line - 1).reduce((sum, line) => sum + line.length + 1, 0);
    const line = lines[issue.line - 1];
    if (line !== undefined) {
      const from = before + (line.length - line.trimStart().length);
      return [from, Math.max(from, before + line.trimEnd().length)];
    }
  }
  return found ?? [0, Math.min(1, text.length)];
}

export function lineAt(text: string, position: number): number {
  return text.slice(0, position).split("\n").length;
}
