import { useId } from "react";
import type { Catalogue, ProviderKind } from "../api/types";
import type { ProviderDraft } from "../lib/draft";
import { SelectField, TextField } from "./basics";

interface Props {
  draft: ProviderDraft;
  onChange: (draft: ProviderDraft) => void;
  catalogue: Catalogue;
  errors: Record<string, string>;
  /** The key that is there already is kept when the field stays empty. */
  keyKept?: boolean;
}

export function ProviderFields({ draft, onChange, catalogue, errors, keyKept = false }: Props) {
  const models = useId();
  const chosen = catalogue.providers.find((provider) => provider.kind === draft.kind);
  const own = draft.kind === "openai_compatible";
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      <SelectField
        label="Provider"
        value={draft.kind}
        error={errors["provider.kind"]}
        onChange={(event) => {
          const kind = event.target.value as ProviderKind;
          const suggested = catalogue.providers.find((provider) => provider.kind === kind)?.suggested_models[0] ?? "";
          onChange({ ...draft, kind, model: suggested, baseUrl: "" });
        }}
      >
        {catalogue.providers.map((provider) => (
          <option key={provider.kind} value={provider.kind}>
            {provider.title}
          </option>
        ))}
      </SelectField>
      <div>
        <TextField
          label="Model"
          list={models}
          autoComplete="off"
          spellCheck={false}
          value={draft.model}
          onChange={(event) => onChange({ ...draft, model: event.target.value })}
          error={errors["provider.model"]}
          hint="The provider's own name of it. Any will do that your key may use."
        />
        <datalist id={models}>{chosen?.suggested_models.map((model) => <option key={model} value={model} />)}</datalist>
      </div>
      <TextField
        label="Base URL"
        optional={!own}
        type="url"
        inputMode="url"
        autoComplete="off"
        spellCheck={false}
        placeholder={chosen?.default_base_url ?? "https://models.example.com/v1"}
        value={draft.baseUrl}
        onChange={(event) => onChange({ ...draft, baseUrl: event.target.value })}
        error={errors["provider.base_url"]}
        hint={own ? "The address that ends before /chat/completions." : "Leave it empty to use the provider's own."}
      />
      <TextField
        label="Key"
        optional={own}
        type="password"
        autoComplete="off"
        spellCheck={false}
        placeholder={keyKept ? "Unchanged" : ""}
        value={draft.key}
        onChange={(event) => onChange({ ...draft, key: event.target.value })}
        error={errors["provider.api_key"]}
        hint={keyKept ? "Leave it empty to keep the key that is there." : "Kept encrypted, never shown again, and never given to the agent itself."}
      />
    </div>
  );
}
