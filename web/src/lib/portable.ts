/** A configuration on its way from one agent to another: everything but the secrets, of which it holds the names. */
import type { ConfigOut, Deployment, NewConfig } from "../api/types";

/** The form that this version writes and reads; the command line's `vivier config export` writes the same. */
const FORM = 1;

export interface Portable {
  vivier_config: typeof FORM;
  from: { agent: string; version: number; openclaw_version: string; exported_at: string };
  document: string;
  provider: ConfigOut["provider"];
  channels: ConfigOut["channels"];
  secrets: string[];
}

export function exported(agent: Pick<Deployment, "slug" | "openclaw_version">, config: ConfigOut, secrets: readonly string[], at: Date): Portable {
  const { version, text, provider, channels } = config;
  const from = { agent: agent.slug, version, openclaw_version: agent.openclaw_version, exported_at: at.toISOString() };
  return { vivier_config: FORM, from, document: text, provider: provider ?? null, channels, secrets: [...secrets] };
}

/** What a file says, or why it cannot be imported. */
export function imported(text: string): Portable | { refused: string } {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    return { refused: "This file is no exported configuration: it is not JSON. A document alone goes into the editor." };
  }
  if (typeof found !== "object" || found === null || !("vivier_config" in found)) return { refused: "This file is no exported configuration. “Export” writes one." };
  if (found.vivier_config !== FORM) return { refused: `This file has the form ${String(found.vivier_config)}, and this Vivier reads ${FORM}.` };
  const { document, provider, channels, secrets } = found as Partial<Portable>;
  if (typeof document !== "string" || !Array.isArray(channels ?? []) || !Array.isArray(secrets ?? [])) return { refused: "This file is damaged: its document, channels or secrets are missing. Export it again." };
  return { ...(found as Portable), document, provider: provider ?? null, channels: channels ?? [], secrets: secrets ?? [] };
}

/** `channels.telegram.botToken` as the API's form knows it: `bot_token`. */
const field = (name: string): string => name.slice(name.lastIndexOf(".") + 1).replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** The change that brings it about, with the secrets that were given; those of the document itself are set before. */
export function change(portable: Portable, given: Readonly<Record<string, string>>): NewConfig {
  const key = given["provider.apiKey"];
  return {
    text: portable.document,
    ...(portable.provider ? { provider: { ...portable.provider, ...(key ? { api_key: key } : {}) } } : {}),
    channels: portable.channels.map((channel) => {
      const own = Object.entries(given).filter(([name]) => name.startsWith(`channels.${channel.kind}.`));
      return { ...channel, tokens: Object.fromEntries(own.map(([name, value]) => [field(name), value])) };
    }),
  };
}

/** The document's own secrets among them. */
export const custom = (given: Readonly<Record<string, string>>): [string, string][] => Object.entries(given).filter(([name]) => name.startsWith("custom."));
