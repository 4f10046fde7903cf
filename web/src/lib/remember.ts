/**
 * What the last created agent was made of, so that the next takes one click. The choices stay in the browser; the key stays in
 * the memory of this page only and is gone with it.
 */
import type { PlanName, ProviderKind } from "../api/types";

export interface Remembered {
  plan: PlanName;
  provider: { kind: ProviderKind; baseUrl: string; model: string };
  /** There was a key: the next agent needs it again. */
  hadKey: boolean;
}

const KEY = "vivier.last";
let keyInMemory: { account: string; kind: ProviderKind; baseUrl: string; key: string } | null = null;

export function remember(account: string, last: Remembered, key: string): void {
  keyInMemory = key === "" ? null : { account, kind: last.provider.kind, baseUrl: last.provider.baseUrl, key };
  try {
    localStorage.setItem(`${KEY}.${account}`, JSON.stringify(last));
  } catch {
    // Storage is closed to us: the next agent is described in full again.
  }
}

export function recall(account: string): Remembered | null {
  try {
    const text = localStorage.getItem(`${KEY}.${account}`);
    return text === null ? null : parseRemembered(JSON.parse(text));
  } catch {
    return null;
  }
}

export function parseRemembered(value: unknown): Remembered | null {
  const outer = value as { plan?: unknown; provider?: { kind?: unknown; baseUrl?: unknown; model?: unknown } } | null;
  const provider = outer?.provider;
  if (typeof outer?.plan !== "string" || typeof provider?.kind !== "string" || typeof provider.model !== "string" || typeof provider.baseUrl !== "string") return null;
  return { plan: outer.plan as PlanName, provider: { kind: provider.kind as ProviderKind, baseUrl: provider.baseUrl, model: provider.model }, hadKey: (value as { hadKey?: unknown }).hadKey !== false };
}

/** The key, while this page lives, and only for the account and the server that it was typed for. */
export function recallKey(account: string, { provider }: Remembered): string {
  const known = keyInMemory;
  return known?.account === account && known.kind === provider.kind && known.baseUrl === provider.baseUrl ? known.key : "";
}
