import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { deleteSecret, putSecret, refresh, revokeSecret, secretsQuery, secretVersionsQuery } from "../../api/queries";
import type { Deployment, SecretVersion } from "../../api/types";
import { moment } from "../../lib/format";
import { Button, Card, Empty, ProblemNotice, Skeleton, TextField } from "../../ui/basics";
import { Dialog, TypedConfirmation } from "../../ui/Dialog";
import { say } from "../../ui/toasts";

const NAMES: Record<string, string> = {
  "model.key": "Model key",
  "provider.apiKey": "Model key",
  "provider.api_key": "Model key",
  "channels.telegram.botToken": "Telegram bot token",
  "channels.discord.token": "Discord bot token",
  "channels.slack.botToken": "Slack bot token",
  "channels.slack.appToken": "Slack app token",
};

export default function Secrets({ agent }: { agent: Deployment }) {
  const secrets = useQuery(secretsQuery(agent.id));
  const [replacing, setReplacing] = useState<string | null>(null);
  const [removing, setRemoving] = useState<string | null>(null);
  const [looking, setLooking] = useState<string | null>(null);
  return (
    <Card title="Secrets" actions={<Button small onClick={() => setReplacing("")}>Add</Button>}>
      <p className="mb-4 max-w-prose text-muted">Kept encrypted. They are delivered to your agent in memory, or added outside it, and no page or answer ever shows one again.</p>
      {secrets.data ? (
        secrets.data.length === 0 ? (
          <Empty title="No secrets">A model key or a channel token appears here once it is set.</Empty>
        ) : (
          <ul className="divide-y divide-line">
            {secrets.data.map((secret) => (
              <li key={secret.name} className="flex flex-wrap items-center justify-between gap-3 py-3 first:pt-0 last:pb-0">
                <div className="min-w-0">
                  <p className="font-semibold">{NAMES[secret.name] ?? secret.name}</p>
                  <p className="text-[0.8125rem] text-muted [overflow-wrap:anywhere]">
                    <span className="font-mono">{secret.name}</span> · version {secret.version} · set {moment(secret.created_at)}
                  </p>
                </div>
                <div className="flex gap-2">
                  <Button small aria-label={`Replace ${NAMES[secret.name] ?? secret.name}`} onClick={() => setReplacing(secret.name)}>
                    Replace
                  </Button>
                  <Button small aria-label={`Versions of ${NAMES[secret.name] ?? secret.name}`} onClick={() => setLooking(secret.name)}>
                    Versions
                  </Button>
                  {/* A channel's tokens go with the channel, on the page of the configuration. */}
                  {!secret.name.startsWith("channels.") && (
                    <Button small look="danger" aria-label={`Remove ${NAMES[secret.name] ?? secret.name}`} onClick={() => setRemoving(secret.name)}>
                      Remove…
                    </Button>
                  )}
                </div>
              </li>
            ))}
          </ul>
        )
      ) : secrets.error ? (
        <ProblemNotice error={secrets.error} onRetry={() => void secrets.refetch()} />
      ) : (
        <Skeleton className="h-24 w-full" />
      )}
      {replacing !== null && <Replace id={agent.id} name={replacing} onClose={() => setReplacing(null)} />}
      {looking !== null && <Versions id={agent.id} name={looking} onClose={() => setLooking(null)} />}
      {removing !== null && <Remove id={agent.id} name={removing} onClose={() => setRemoving(null)} />}
    </Card>
  );
}

function useChanged(id: string, onClose: () => void): (text: string) => void {
  const client = useQueryClient();
  return (text) => {
    void client.invalidateQueries({ queryKey: ["secrets", id] });
    refresh(client, id);
    say(text);
    onClose();
  };
}

function Replace({ id, name, onClose }: { id: string; name: string; onClose: () => void }) {
  const [own, setOwn] = useState(name === "" ? "custom." : name);
  const [value, setValue] = useState("");
  const changed = useChanged(id, onClose);
  const put = useMutation({ mutationFn: () => putSecret(id, own.trim(), value.trim()), onSuccess: () => changed("Saved. Your agent gets it now.") });
  return (
    <Dialog title={name === "" ? "Add a secret" : `Replace ${NAMES[name] ?? name}`} onClose={onClose}>
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (own.trim() !== "" && value.trim() !== "") put.mutate();
        }}
      >
        {put.error && <ProblemNotice error={put.error} />}
        {name === "" && <TextField label="Name" value={own} onChange={(event) => setOwn(event.target.value)} spellCheck={false} autoComplete="off" autoFocus hint="The word custom, a dot and a name: custom.GITHUB_TOKEN. Your document refers to it as /custom/GITHUB_TOKEN." />}
        <TextField label="New value" type="password" autoComplete="off" spellCheck={false} autoFocus={name !== ""} value={value} onChange={(event) => setValue(event.target.value)} />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={put.isPending} disabled={own.trim() === "" || value.trim() === ""}>
            Save
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

const STATES: Record<SecretVersion["state"], string> = { in_use: "in use", superseded: "kept for the way back", revoked: "revoked", deleted: "deleted" };

function Versions({ id, name, onClose }: { id: string; name: string; onClose: () => void }) {
  const client = useQueryClient();
  const versions = useQuery(secretVersionsQuery(id, name));
  const revoke = useMutation({
    mutationFn: (version: number) => revokeSecret(id, name, version),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["secrets", id] });
      say("Revoked. Its text is destroyed.");
    },
  });
  return (
    <Dialog title={`Versions of ${NAMES[name] ?? name}`} onClose={onClose}>
      <div className="grid gap-4">
        <p className="text-muted">An old version is kept, encrypted, so that you can go back to its revision. Revoking destroys its text; going back then uses the version of that day.</p>
        {revoke.error && <ProblemNotice error={revoke.error} />}
        {versions.data ? (
          <ul className="divide-y divide-line">
            {versions.data.map((version) => (
              <li key={version.version} className="flex flex-wrap items-center justify-between gap-3 py-3 first:pt-0 last:pb-0">
                <div className="min-w-0">
                  <p className="font-semibold">
                    Version {version.version} · {STATES[version.state]}
                  </p>
                  <p className="text-[0.8125rem] text-muted [overflow-wrap:anywhere]">
                    set {moment(version.created_at)}
                    {version.author ? ` by ${version.author}` : ""}
                    {version.revisions.length > 0 ? ` · revision ${version.revisions.join(", ")}` : ""}
                    {version.revoked_at ? ` · revoked ${moment(version.revoked_at)}` : ""}
                  </p>
                </div>
                {version.state === "superseded" && (
                  <Button small look="danger" busy={revoke.isPending && revoke.variables === version.version} aria-label={`Revoke version ${version.version}`} onClick={() => revoke.mutate(version.version)}>
                    Revoke
                  </Button>
                )}
              </li>
            ))}
          </ul>
        ) : versions.error ? (
          <ProblemNotice error={versions.error} onRetry={() => void versions.refetch()} />
        ) : (
          <Skeleton className="h-24 w-full" />
        )}
      </div>
    </Dialog>
  );
}

function Remove({ id, name, onClose }: { id: string; name: string; onClose: () => void }) {
  const changed = useChanged(id, onClose);
  const remove = useMutation({ mutationFn: () => deleteSecret(id, name), onSuccess: () => changed("Removed.") });
  return (
    <TypedConfirmation
      title={`Remove ${NAMES[name] ?? name}?`}
      word={name}
      action="Remove it"
      busy={remove.isPending}
      error={remove.error && <ProblemNotice error={remove.error} />}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    >
      <p>What uses it stops working until you set it again.</p>
    </TypedConfirmation>
  );
}
