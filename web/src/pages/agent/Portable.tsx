/** A whole configuration into a file, and out of one. */
import { useMutation, useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { putSecret, secretsQuery } from "../../api/queries";
import type { ConfigOut, Deployment, NewConfig } from "../../api/types";
import { change, custom, exported, imported, type Portable as File } from "../../lib/portable";
import { Button, Card, Notice, ProblemNotice, TextField } from "../../ui/basics";
import { Dialog } from "../../ui/Dialog";

interface PortableProps {
  agent: Deployment;
  config: ConfigOut;
  apply: (change: NewConfig) => Promise<unknown>;
}

export function Portable({ agent, config, apply }: PortableProps) {
  const secrets = useQuery(secretsQuery(agent.id));
  const input = useRef<HTMLInputElement>(null);
  const [file, setFile] = useState<File | null>(null);
  const [refused, setRefused] = useState<string | null>(null);
  const names = (secrets.data ?? []).map((secret) => secret.name);
  const download = () => {
    const text = `${JSON.stringify(exported(agent, config, names, new Date()), null, 2)}\n`;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    link.download = `${agent.slug}-v${config.version}.json`;
    link.click();
    URL.revokeObjectURL(link.href);
  };
  const read = async (chosen: globalThis.File) => {
    const found = imported(await chosen.text());
    setRefused("refused" in found ? found.refused : null);
    setFile("refused" in found ? null : found);
  };
  return (
    <Card title="Take it along">
      <p className="mb-3 text-muted">Document, model and channels in one file, for another agent or another Vivier. Secrets stay here; the file names them.</p>
      <div className="flex flex-wrap gap-2">
        <Button small disabled={!secrets.data} onClick={download}>
          Export
        </Button>
        <Button small disabled={!secrets.data} onClick={() => input.current?.click()}>
          Import…
        </Button>
        <input
          ref={input}
          type="file"
          accept="application/json,.json"
          aria-label="Exported configuration"
          className="sr-only"
          tabIndex={-1}
          onChange={(event) => {
            const chosen = event.target.files?.[0];
            if (chosen) void read(chosen);
            event.target.value = "";
          }}
        />
      </div>
      {refused && (
        <div className="mt-3">
          <Notice tone="bad" alert>
            {refused}
          </Notice>
        </div>
      )}
      {file && <Import id={agent.id} file={file} missing={file.secrets.filter((name) => !names.includes(name))} apply={apply} onClose={() => setFile(null)} />}
    </Card>
  );
}

interface ImportProps {
  id: string;
  file: File;
  /** Secrets that this agent does not have. */
  missing: string[];
  apply: (change: NewConfig) => Promise<unknown>;
  onClose: () => void;
}

function Import({ id, file, missing, apply, onClose }: ImportProps) {
  const [given, setGiven] = useState<Record<string, string>>({});
  const run = useMutation({
    mutationFn: async () => {
      // The document may refer to them, so they come first.
      for (const [name, value] of custom(given)) await putSecret(id, name, value);
      await apply(change(file, given));
    },
    onSuccess: onClose,
  });
  const lacks = missing.some((name) => !given[name]);
  return (
    <Dialog title="Import a configuration" onClose={onClose}>
      <form
        noValidate
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          run.mutate();
        }}
      >
        <p>
          Version {file.from.version} of <strong>{file.from.agent}</strong>, written for OpenClaw {file.from.openclaw_version}: its document,{" "}
          {file.provider ? `the model ${file.provider.model}` : "no model"}, {file.channels.length === 0 ? "no channels" : file.channels.map((channel) => channel.kind).join(", ")}. It replaces what this agent has.
        </p>
        {missing.map((name) => (
          <TextField
            key={name}
            label={name}
            type="password"
            autoComplete="off"
            hint="This agent does not have it yet."
            value={given[name] ?? ""}
            onChange={(event) => setGiven({ ...given, [name]: event.target.value.trim() })}
          />
        ))}
        {run.error && <ProblemNotice error={run.error} />}
        <div className="flex flex-wrap gap-2">
          <Button look="primary" type="submit" disabled={lacks} busy={run.isPending}>
            Import it
          </Button>
          <Button onClick={onClose}>Cancel</Button>
        </div>
      </form>
    </Dialog>
  );
}
