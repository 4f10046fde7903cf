/** A new agent while it is being described: the form's state, and its way to the API's body and back from the API's complaints. */
import type { Catalogue, ChannelKind, NewChannel, NewDeployment, NewProvider, PlanName, ProviderKind, TemplateName } from "../api/types";
import { hasShape } from "./tokens";
import { slugError } from "./slug";

export interface ProviderDraft {
  kind: ProviderKind;
  baseUrl: string;
  model: string;
  key: string;
}

export interface ChannelDraft {
  kind: ChannelKind;
  tokens: Record<string, string>;
  /** As typed: ids separated by commas, spaces or lines. */
  allowFrom: string;
  apiRoot: string;
}

export interface Draft {
  template: TemplateName;
  name: string;
  slug: string;
  plan: PlanName;
  provider: ProviderDraft | null;
  channels: ChannelDraft[];
}

export function emptyChannel(kind: ChannelKind): ChannelDraft {
  return { kind, tokens: {}, allowFrom: "", apiRoot: "" };
}

export function providerBody({ kind, baseUrl, model, key }: ProviderDraft): NewProvider {
  return { kind, model: model.trim(), ...(baseUrl.trim() ? { base_url: baseUrl.trim() } : {}), ...(key.trim() ? { api_key: key.trim() } : {}) };
}

export function channelBody({ kind, tokens, allowFrom, apiRoot }: ChannelDraft): NewChannel {
  const given = Object.entries(tokens).flatMap(([name, token]) => (token.trim() ? [[name, token.trim()] as const] : []));
  return {
    kind,
    tokens: Object.fromEntries(given),
    allow_from: allowFrom.split(/[\s,;]+/).filter((each) => each !== ""),
    ...(apiRoot.trim() ? { api_root: apiRoot.trim() } : {}),
  };
}

export function body(draft: Draft): NewDeployment {
  return {
    name: draft.name.trim(),
    plan: draft.plan,
    template: draft.template,
    ...(draft.slug ? { slug: draft.slug } : {}),
    ...(draft.provider ? { provider: providerBody(draft.provider) } : {}),
    channels: draft.channels.map(channelBody),
  };
}

/** The paths of the inputs that the form shows, as the API names them. */
export function shownFields(draft: Pick<Draft, "provider" | "channels">, catalogue: Catalogue): string[] {
  const channels = draft.channels.flatMap(({ kind }, place) => [
    ...(catalogue.channels.find((channel) => channel.kind === kind)?.tokens.map((token) => `channels.${place}.tokens.${token.name}`) ?? []),
    `channels.${place}.allow_from`,
    `channels.${place}.api_root`,
  ]);
  const provider = draft.provider ? ["provider.kind", "provider.base_url", "provider.model", "provider.api_key"] : [];
  return ["name", "slug", "plan", "template", ...provider, ...channels];
}

export function providerErrors(provider: ProviderDraft, keyKept: boolean): Record<string, string> {
  const errors: Record<string, string> = {};
  if (provider.model.trim() === "") errors["provider.model"] = "name a model, as the provider calls it";
  if (provider.kind === "openai_compatible" && provider.baseUrl.trim() === "") {
    errors["provider.base_url"] = "give the address that ends before /chat/completions, such as https://models.example.com/v1";
  }
  if (provider.kind !== "openai_compatible" && provider.key.trim() === "" && !keyKept) errors["provider.api_key"] = "paste your own key from this provider";
  return errors;
}

export function channelErrors(channels: readonly ChannelDraft[], catalogue: Catalogue, kept: (kind: ChannelKind) => boolean): Record<string, string> {
  const errors: Record<string, string> = {};
  channels.forEach(({ kind, tokens }, place) => {
    for (const token of catalogue.channels.find((channel) => channel.kind === kind)?.tokens ?? []) {
      const text = tokens[token.name]?.trim() ?? "";
      if (text === "" ? !kept(kind) : !hasShape(kind, token.name, text)) errors[`channels.${place}.tokens.${token.name}`] = `must be ${token.shape}`;
    }
  });
  return errors;
}

/** What can be seen to be wrong before anything is sent. The API checks again. */
export function draftErrors(draft: Draft, catalogue: Catalogue): Record<string, string> {
  const errors: Record<string, string> = {};
  if (draft.name.trim() === "") errors["name"] = "give it a name, any you like";
  else if ([...draft.name.trim()].length > 60) errors["name"] = "must have at most 60 characters";
  const slug = slugError(draft.slug);
  if (slug !== null) errors["slug"] = slug;
  return { ...errors, ...(draft.provider ? providerErrors(draft.provider, false) : {}), ...channelErrors(draft.channels, catalogue, () => false) };
}

const NAMES = ["Pearl", "Marlin", "Coral", "Kelp", "Tide", "Harbour", "Anchovy", "Periwinkle", "Barnacle", "Sextant"];

/** A name for someone who just wants to try. `seed` decides: no chance in here. */
export function suggestName(seed: number): string {
  return NAMES[Math.abs(Math.trunc(seed)) % NAMES.length] ?? "Pearl";
}
