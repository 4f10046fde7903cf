import { useMutation } from "@tanstack/react-query";
import { openAgent } from "../api/queries";
import type { Deployment } from "../api/types";
import { Button } from "./basics";
import { complain } from "./toasts";

/**
 * Opens the agent in a new tab. The tab is opened within the click (a browser blocks it later) and goes on when the one-time
 * link is there; it gets no handle on this page.
 */
export function OpenButton({ deployment, small = false }: { deployment: Pick<Deployment, "id" | "name">; small?: boolean }) {
  const open = useMutation({
    mutationFn: async (tab: Window | null) => {
      try {
        const { url } = await openAgent(deployment.id);
        if (tab) tab.location.replace(url);
        else window.location.assign(url);
      } catch (error) {
        tab?.close();
        throw error;
      }
    },
    onError: complain,
  });
  return (
    <Button
      look="primary"
      small={small}
      busy={open.isPending}
      aria-label={`Open ${deployment.name} in a new tab`}
      onClick={() => {
        const tab = window.open("", "_blank");
        if (tab) tab.opener = null;
        open.mutate(tab);
      }}
    >
      Open
      <svg viewBox="0 0 16 16" className="size-3.5" fill="none" stroke="currentColor" strokeWidth="1.800" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true">
        <path d="M6 3H3v10h10v-3M9 3h4v4M13 3 7.500 8.500" />
      </svg>
    </Button>
  );
}
