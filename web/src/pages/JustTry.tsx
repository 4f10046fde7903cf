/** The fast path: once an agent has been made, another of the same kind is one click (and the key, if this page no longer has it). */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { create, meQuery, refresh } from "../api/queries";
import { body, suggestName } from "../lib/draft";
import { recall, recallKey, remember } from "../lib/remember";
import { Button, ProblemNotice, TextField } from "../ui/basics";
import { Dialog } from "../ui/Dialog";
import { complain } from "../ui/toasts";

export function JustTry() {
  const account = useQuery(meQuery).data?.account?.id ?? "";
  const [asking, setAsking] = useState(false);
  const [key, setKey] = useState("");
  const client = useQueryClient();
  const navigate = useNavigate();
  const last = account === "" ? null : recall(account);
  const make = useMutation({
    mutationFn: async (withKey: string) => {
      if (!last) throw new Error("nothing is remembered");
      const made = await create(body({ template: "assistant", name: suggestName(Date.now()), slug: "", plan: last.plan, provider: { ...last.provider, key: withKey }, channels: [] }));
      remember(account, last, withKey);
      return made;
    },
    onSuccess: (made) => {
      refresh(client);
      void navigate({ to: "/agents/$id", params: { id: made.id } });
    },
    onError: (error) => {
      if (!asking) complain(error);
    },
  });
  if (!last) return null;
  const needsKey = last.hadKey || last.provider.kind !== "openai_compatible";
  return (
    <>
      <Button
        busy={make.isPending}
        title={`An assistant on ${last.provider.model}, as last time`}
        onClick={() => {
          const known = recallKey(account, last);
          if (known !== "" || !needsKey) make.mutate(known);
          else setAsking(true);
        }}
      >
        Just try it
      </Button>
      {asking && (
        <Dialog title="One thing is missing: the key" onClose={() => setAsking(false)}>
          <form
            className="grid gap-4"
            onSubmit={(event) => {
              event.preventDefault();
              if (key.trim() !== "" && !make.isPending) make.mutate(key.trim());
            }}
          >
            <p>
              An assistant on <strong>{last.provider.model}</strong>, as last time. The key is not kept in this browser, so paste it once more.
            </p>
            {make.error && <ProblemNotice error={make.error} />}
            <TextField label="Model key" type="password" autoComplete="off" autoFocus required value={key} onChange={(event) => setKey(event.target.value)} />
            <div className="flex justify-end gap-2">
              <Button onClick={() => setAsking(false)}>Cancel</Button>
              <Button type="submit" look="primary" busy={make.isPending}>
                Create it
              </Button>
            </div>
          </form>
        </Dialog>
      )}
    </>
  );
}
