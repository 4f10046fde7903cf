/**
 * The shapes of channel tokens, for a word of help while someone still types. The rules are those of the API
 * (vivier-core, channel.rs), which has the last word.
 */
import type { ChannelKind } from "../api/types";

const word = "[A-Za-z0-9_-]";
const shapes: Record<ChannelKind, Record<string, RegExp>> = {
  telegram: { bot_token: new RegExp(`^[0-9]{5,20}:${word}{35,}$`) },
  discord: { token: new RegExp(`^${word}{17,}\\.${word}{5,}\\.${word}{25,}$`) },
  slack: { bot_token: new RegExp(`^xoxb-${word}{10,}$`), app_token: new RegExp(`^xapp-${word}{10,}$`) },
};

/** Whether `token` has the shape of the channel's token `name`. A token that we know nothing about passes. */
export function hasShape(kind: ChannelKind, name: string, token: string): boolean {
  if (token.length > 512) return false;
  const shape = shapes[kind][name];
  return shape === undefined || shape.test(token);
}
