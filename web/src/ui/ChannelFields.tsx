import type { Catalogue, ChannelKind } from "../api/types";
import { emptyChannel, type ChannelDraft } from "../lib/draft";
import { hasShape } from "../lib/tokens";
import { asSentence } from "../lib/fields";
import { Button, TextField } from "./basics";

interface Props {
  drafts: ChannelDraft[];
  onChange: (drafts: ChannelDraft[]) => void;
  catalogue: Catalogue;
  errors: Record<string, string>;
  /** Whose tokens are there already and are kept when their fields stay empty. */
  kept?: (kind: ChannelKind) => boolean;
  /** The channel that the template cannot do without. */
  required?: ChannelKind | null | undefined;
}

export function ChannelFields({ drafts, onChange, catalogue, errors, kept = () => false, required }: Props) {
  const change = (place: number, draft: ChannelDraft): void => onChange(drafts.map((each, at) => (at === place ? draft : each)));
  const missing = catalogue.channels.filter((channel) => !drafts.some((draft) => draft.kind === channel.kind));
  return (
    <div className="grid gap-4">
      {drafts.map((draft, place) => {
        const channel = catalogue.channels.find((each) => each.kind === draft.kind);
        if (!channel) return null;
        return (
          <fieldset key={draft.kind} className="grid gap-4 rounded-xl border border-line p-4">
            <legend className="px-1.5 font-display text-lg font-semibold">{channel.title}</legend>
            <div className="grid gap-4 sm:grid-cols-2">
              {channel.tokens.map((token) => {
                const path = `channels.${place}.tokens.${token.name}`;
                const text = draft.tokens[token.name] ?? "";
                // A word while it is being typed, once there is enough to judge.
                const doubtful = text.trim().length >= 8 && !hasShape(draft.kind, token.name, text.trim());
                return (
                  <TextField
                    key={token.name}
                    label={token.title.replace(/^The /, "").replace(/^./, (letter) => letter.toUpperCase())}
                    type="password"
                    autoComplete="off"
                    spellCheck={false}
                    placeholder={kept(draft.kind) ? "Unchanged" : ""}
                    value={text}
                    onChange={(event) => change(place, { ...draft, tokens: { ...draft.tokens, [token.name]: event.target.value } })}
                    error={errors[path] ?? (doubtful ? `This does not look right. It must be ${token.shape}` : undefined)}
                    hint={errors[path] || doubtful ? undefined : asSentence(token.shape)}
                  />
                );
              })}
              <TextField
                label="Who may write to it"
                optional
                autoComplete="off"
                spellCheck={false}
                value={draft.allowFrom}
                onChange={(event) => change(place, { ...draft, allowFrom: event.target.value })}
                error={errors[`channels.${place}.allow_from`]}
                hint={`User ids of ${channel.title}, separated by commas. Empty: a stranger must first be let in by you.`}
              />
              {draft.kind === "telegram" && (
                <TextField
                  label="Bot API server"
                  optional
                  type="url"
                  autoComplete="off"
                  spellCheck={false}
                  placeholder="https://api.telegram.org"
                  value={draft.apiRoot}
                  onChange={(event) => change(place, { ...draft, apiRoot: event.target.value })}
                  error={errors[`channels.${place}.api_root`]}
                  hint="Only if you run one of your own."
                />
              )}
            </div>
            {required !== draft.kind && (
              <div>
                <Button small onClick={() => onChange(drafts.filter((_, at) => at !== place))}>
                  Remove {channel.title}
                </Button>
              </div>
            )}
          </fieldset>
        );
      })}
      {missing.length > 0 && (
        <div className="flex flex-wrap gap-2">
          {missing.map((channel) => (
            <Button key={channel.kind} small onClick={() => onChange([...drafts, emptyChannel(channel.kind)])}>
              + {channel.title}
            </Button>
          ))}
        </div>
      )}
    </div>
  );
}
