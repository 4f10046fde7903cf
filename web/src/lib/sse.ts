/**
 * Server-sent events over `fetch`: the browser's own `EventSource` hides the status of a refusal and gives up on a 502, which
 * is exactly what a restarting server looks like.
 */
export interface Message {
  event: string;
  data: string;
  id: string | null;
}

/** Takes text in any pieces, gives whole messages. Source of the format: WHATWG HTML, "Server-sent events". */
export class SseParser {
  #rest = "";
  #data: string[] = [];
  #event = "";
  #id: string | null = null;

  push(text: string): Message[] {
    const messages: Message[] = [];
    // A piece may end between \r and \n: keep a last \r until it is known what follows.
    const all = this.#rest + text;
    const held = all.endsWith("\r") ? all.slice(0, -1) : all;
    const lines = held.split(/\r\n|\n|\r/);
    this.#rest = (lines.pop() ?? "") + (held.length < all.length ? "\r" : "");
    for (const line of lines) {
      if (line === "") {
        if (this.#data.length > 0) messages.push({ event: this.#event || "message", data: this.#data.join("\n"), id: this.#id });
        this.#data = [];
        this.#event = "";
        continue;
      }
      const colon = line.indexOf(":");
      if (colon === 0) continue;
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? "" : line.slice(colon + (line[colon + 1] === " " ? 2 : 1));
      if (field === "data") this.#data.push(value);
      else if (field === "event") this.#event = value;
      else if (field === "id" && !value.includes("\0")) this.#id = value;
    }
    return messages;
  }
}
