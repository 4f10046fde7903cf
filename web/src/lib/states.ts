/** What each state means to its owner. */
import type { Action, Deployment, State } from "../api/types";

export type Tone = "good" | "moving" | "bad" | "quiet" | "gone";

interface Meaning {
  title: string;
  tone: Tone;
  /** One sentence for the page of the agent, where the server has no reason of its own. */
  sentence: string;
}

const MEANINGS: Record<State, Meaning> = {
  requested: { title: "Requested", tone: "moving", sentence: "Your agent is in line; a place for it is being reserved." },
  provisioning: { title: "Preparing", tone: "moving", sentence: "Its storage and its own sealed network are being made." },
  configuring: { title: "Configuring", tone: "moving", sentence: "Its configuration and secrets are being delivered." },
  starting: { title: "Starting", tone: "moving", sentence: "OpenClaw is starting. This takes about half a minute on a small plan." },
  running: { title: "Running", tone: "good", sentence: "Your agent is up and can be talked to." },
  updating: { title: "Updating", tone: "moving", sentence: "A change is being applied. If it does not work, the agent returns to what worked before." },
  restarting: { title: "Restarting", tone: "moving", sentence: "Your agent is coming back." },
  suspended: { title: "Stopped", tone: "quiet", sentence: "Your agent is stopped. Its data is kept; start it whenever you like." },
  failed: { title: "Failed", tone: "bad", sentence: "Your agent does not run. The timeline says what happened." },
  terminated: { title: "Deleted", tone: "gone", sentence: "Your agent is deleted. Until its data is removed you can take that back." },
};

export const STATES = Object.keys(MEANINGS) as State[];

export function meaning(state: State): Meaning {
  return MEANINGS[state];
}

export function isMoving(deployment: Pick<Deployment, "state">): boolean {
  return meaning(deployment.state).tone === "moving";
}

export interface Step {
  title: string;
  status: "done" | "now" | "ahead" | "failed";
}

const WAY: readonly { title: string; state: State }[] = [
  { title: "Reserve a place", state: "requested" },
  { title: "Storage and network", state: "provisioning" },
  { title: "Configuration and secrets", state: "configuring" },
  { title: "Start OpenClaw", state: "starting" },
  { title: "Check the seal, open the door", state: "running" },
];

/** The way from "requested" to "running" with the place that the agent has reached; `null` when it is not on that way. */
export function provisioningSteps(deployment: Pick<Deployment, "state" | "doing">): Step[] | null {
  const at = WAY.findIndex((step) => step.state === deployment.state);
  if (at < 0 || deployment.state === "running") return null;
  // Proving and routing happen while the state still says "starting".
  const sealing = deployment.doing === "prove" || deployment.doing === "route";
  const now = deployment.state === "starting" && sealing ? WAY.length - 1 : at;
  return WAY.map(({ title }, place) => ({ title, status: place < now ? "done" : place === now ? "now" : "ahead" }));
}

const ACTIONS: Record<Action, string> = {
  rest: "Nothing to do",
  watch: "Wait for OpenClaw to answer",
  allocate: "Reserve a place",
  prepare: "Make storage and network",
  rehearse: "Try it on a copy of the data",
  snapshot: "Keep a copy of the data",
  restore: "Put the data back",
  configure: "Deliver configuration and secrets",
  start: "Start OpenClaw",
  reload: "Apply the new configuration",
  prove: "Check the seal",
  route: "Open the door",
  unroute: "Close the door",
  count_exit: "Look at why it stopped",
  count_failure: "Stop what does not come up",
  fall_back: "Return to what worked before",
  stop: "Stop",
  remove: "Take the container and network away",
  purge: "Remove the data",
};

export function actionTitle(action: Action): string {
  return ACTIONS[action];
}

export interface Allowed {
  open: boolean;
  restart: boolean;
  suspend: boolean;
  resume: boolean;
  retry: boolean;
  remove: boolean;
  restore: boolean;
}

/** Which buttons make sense. The server decides again; this only keeps hopeless buttons away. */
export function allowed(state: State): Allowed {
  const gone = state === "terminated";
  const stopped = state === "suspended";
  return {
    open: state === "running",
    restart: !gone && !stopped,
    suspend: !gone && !stopped,
    resume: stopped,
    retry: state === "failed",
    remove: !gone,
    restore: gone,
  };
}
