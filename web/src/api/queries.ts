/** What the pages ask for, and how often. Things that move are looked at every two seconds, others every ten. */
import { queryOptions, type QueryClient } from "@tanstack/react-query";
import { isMoving } from "../lib/states";
import { api, must } from "./client";
import { isStatus, isUnreachable } from "./problem";
import type { CancelWhen, Deployment, NewConfig, NewDeployment, PlanName, ReleaseChannel, RollbackData, State, TokenScope, UsageStep, Wave } from "./types";

const FAST = 2_000;
const SLOW = 10_000;

const path = (id: string) => ({ params: { path: { id } } });

export const meQuery = queryOptions({
  queryKey: ["me"],
  queryFn: ({ signal }) => must(api.GET("/v1/auth/me", { signal })),
  staleTime: 60_000,
});

export const catalogueQuery = queryOptions({
  queryKey: ["catalogue"],
  queryFn: ({ signal }) => must(api.GET("/v1/catalogue", { signal })),
  staleTime: 300_000,
});

/** Lists follow their cursors to the end, up to this many pages; more than that is what the search is for. */
const MOST_PAGES = 10;

interface PageOf<T> {
  items: T[];
  next_cursor?: string | null;
}

export interface Listing<T> {
  items: T[];
  /** There is more than is shown. */
  more: boolean;
}

async function allPages<T>(ask: (cursor: string | undefined) => Promise<PageOf<T>>): Promise<Listing<T>> {
  const items: T[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const answer = await ask(cursor);
    items.push(...answer.items);
    if (!answer.next_cursor) return { items, more: false };
    cursor = answer.next_cursor;
  }
  return { items, more: true };
}

/** Some lists come as a page, some as a plain array. */
function itemsOf<T>(answer: T[] | PageOf<T>): T[] {
  return Array.isArray(answer) ? answer : answer.items;
}

export interface Filter {
  q: string;
  state: State | undefined;
}

const wanted = ({ q, state }: Filter) => ({ ...(q ? { q } : {}), ...(state ? { state } : {}) });

export const deploymentsQuery = (filter: Filter) =>
  queryOptions({
    queryKey: ["deployments", filter],
    queryFn: ({ signal }) =>
      allPages((cursor) => must(api.GET("/v1/deployments", { signal, params: { query: { ...wanted(filter), ...(cursor ? { cursor } : {}) } } }))),
    refetchInterval: (query) => (query.state.data?.items.some(isMoving) ? FAST : SLOW),
    placeholderData: (before) => before,
  });

export const deploymentQuery = (id: string) =>
  queryOptions({
    queryKey: ["deployment", id],
    queryFn: ({ signal }) => must(api.GET("/v1/deployments/{id}", { signal, ...path(id) })),
    refetchInterval: (query) => (query.state.data && isMoving(query.state.data) ? FAST : SLOW),
  });

export const statsQuery = (id: string, enabled: boolean) =>
  queryOptions({
    queryKey: ["stats", id],
    queryFn: ({ signal }) => must(api.GET("/v1/deployments/{id}/stats", { signal, ...path(id) })),
    refetchInterval: 2_500,
    enabled,
    retry: false,
  });

export const configQuery = (id: string) =>
  queryOptions({ queryKey: ["config", id], queryFn: ({ signal }) => must(api.GET("/v1/deployments/{id}/config", { signal, ...path(id) })) });

export const configVersionQuery = (id: string, n: number) =>
  queryOptions({
    queryKey: ["config", id, n],
    queryFn: ({ signal }) => must(api.GET("/v1/deployments/{id}/config/versions/{n}", { signal, params: { path: { id, n } } })),
    staleTime: Infinity,
  });

export const revisionsQuery = (id: string) =>
  queryOptions({
    queryKey: ["revisions", id],
    queryFn: async ({ signal }) => itemsOf(await must(api.GET("/v1/deployments/{id}/revisions", { signal, ...path(id) }))),
    refetchInterval: (query) => (query.state.data?.some((revision) => revision.outcome === "pending") ? FAST : SLOW),
  });

/** Asked anew each time: what would be lost grows with every minute. */
export const rollbackPlanQuery = (id: string, revision: number) =>
  queryOptions({
    queryKey: ["rollback", id, revision],
    queryFn: ({ signal }) => must(api.GET("/v1/deployments/{id}/rollback", { signal, params: { path: { id }, query: { revision } } })),
    staleTime: 0,
    gcTime: 0,
  });

export const releaseChoicesQuery = queryOptions({
  queryKey: ["releases"],
  queryFn: async ({ signal }) => itemsOf(await must(api.GET("/v1/releases", { signal }))),
  staleTime: 30_000,
});

export const secretsQuery = (id: string) =>
  queryOptions({
    queryKey: ["secrets", id],
    queryFn: async ({ signal }) => itemsOf(await must(api.GET("/v1/deployments/{id}/secrets", { signal, ...path(id) }))),
  });

export const proofQuery = (id: string) =>
  queryOptions({ queryKey: ["proof", id], queryFn: ({ signal }) => must(api.GET("/v1/deployments/{id}/proof", { signal, ...path(id) })), refetchInterval: SLOW });

export const usageQuery = (step: UsageStep) =>
  queryOptions({ queryKey: ["usage", step], queryFn: ({ signal }) => must(api.GET("/v1/usage", { signal, params: { query: { step } } })), refetchInterval: 60_000 });
export const limitsQuery = queryOptions({ queryKey: ["limits"], queryFn: ({ signal }) => must(api.GET("/v1/limits", { signal })) });
export const creditsQuery = queryOptions({ queryKey: ["credits"], queryFn: ({ signal }) => must(api.GET("/v1/credits", { signal })) });
export const creditsHistoryQuery = queryOptions({ queryKey: ["credits", "history"], queryFn: async ({ signal }) => itemsOf(await must(api.GET("/v1/credits/history", { signal }))) });

export const tokensQuery = queryOptions({ queryKey: ["tokens"], queryFn: async ({ signal }) => itemsOf(await must(api.GET("/v1/tokens", { signal }))) });

export const hostsQuery = queryOptions({
  queryKey: ["operator", "hosts"],
  queryFn: async ({ signal }) => itemsOf(await must(api.GET("/v1/operator/hosts", { signal }))),
  refetchInterval: 5_000,
});
export const operatorDeploymentsQuery = (filter: Filter) =>
  queryOptions({
    queryKey: ["operator", "deployments", filter],
    queryFn: ({ signal }) =>
      allPages((cursor) => must(api.GET("/v1/operator/deployments", { signal, params: { query: { ...wanted(filter), ...(cursor ? { cursor } : {}) } } }))),
    refetchInterval: 5_000,
    placeholderData: (before) => before,
  });
export const quarantineQuery = queryOptions({
  queryKey: ["operator", "quarantine"],
  queryFn: async ({ signal }) => itemsOf(await must(api.GET("/v1/operator/quarantine", { signal }))),
  refetchInterval: SLOW,
});
export const releasesQuery = queryOptions({
  queryKey: ["operator", "releases"],
  queryFn: async ({ signal }) => itemsOf(await must(api.GET("/v1/operator/releases", { signal }))),
  refetchInterval: 30_000,
});

export const channelsQuery = queryOptions({
  queryKey: ["operator", "channels"],
  queryFn: async ({ signal }) => itemsOf(await must(api.GET("/v1/operator/channels", { signal }))),
  refetchInterval: SLOW,
});
/** Asked anew each time: who follows changes. */
export const promotionPlanQuery = (release: string, channel: ReleaseChannel) =>
  queryOptions({
    queryKey: ["operator", "promotion", release, channel],
    queryFn: ({ signal }) => must(api.GET("/v1/operator/releases/{id}/promote", { signal, params: { path: { id: release }, query: { channel } } })),
    staleTime: 0,
    gcTime: 0,
  });
const isAtWork = (wave: Wave): boolean => wave.state === "running" || wave.state === "reverting" || wave.members.moving > 0;
/** The newest ones. */
export const wavesQuery = queryOptions({
  queryKey: ["operator", "waves"],
  queryFn: async ({ signal }) => itemsOf(await must(api.GET("/v1/operator/waves", { signal }))),
  refetchInterval: (query) => (query.state.data?.some(isAtWork) ? FAST : SLOW),
});
export const waveQuery = (id: string) =>
  queryOptions({
    queryKey: ["operator", "waves", id],
    queryFn: ({ signal }) => must(api.GET("/v1/operator/waves/{id}", { signal, ...path(id) })),
    refetchInterval: (query) => (query.state.data && isAtWork(query.state.data) ? FAST : SLOW),
  });
/** Asked anew each time: what would be lost grows with every minute. */
export const revertPlanQuery = (id: string) =>
  queryOptions({
    queryKey: ["operator", "revert", id],
    queryFn: ({ signal }) => must(api.GET("/v1/operator/waves/{id}/revert", { signal, ...path(id) })),
    staleTime: 0,
    gcTime: 0,
  });

export const promote = (release: string, channel: ReleaseChannel) => must(api.POST("/v1/operator/releases/{id}/promote", { ...path(release), body: { channel } }));
export async function askWave(id: string, what: "pause" | "resume" | "abort"): Promise<void> {
  if (what === "pause") await must(api.POST("/v1/operator/waves/{id}/pause", path(id)));
  else if (what === "resume") await must(api.POST("/v1/operator/waves/{id}/resume", path(id)));
  else await must(api.POST("/v1/operator/waves/{id}/abort", path(id)));
}
export const revertWave = (id: string, data: RollbackData | undefined) =>
  must(api.POST("/v1/operator/waves/{id}/revert", { ...path(id), body: data === undefined ? {} : { data } }));
export const follow = (id: string, channel: ReleaseChannel | null, window: string | null) =>
  must(api.PUT("/v1/deployments/{id}/follow", { ...path(id), body: { channel, window } }));
export function refreshWaves(client: QueryClient): void {
  void client.invalidateQueries({ queryKey: ["operator"] });
}

export type Ask = "restart" | "suspend" | "resume" | "retry" | "restore" | "delete";

/** Asks for one of the plain moves. */
export async function ask(id: string, what: Ask): Promise<void> {
  switch (what) {
    case "restart":
      return void (await must(api.POST("/v1/deployments/{id}/restart", path(id))));
    case "suspend":
      return void (await must(api.POST("/v1/deployments/{id}/suspend", path(id))));
    case "resume":
      return void (await must(api.POST("/v1/deployments/{id}/resume", path(id))));
    case "retry":
      return void (await must(api.POST("/v1/deployments/{id}/retry", path(id))));
    case "restore":
      return void (await must(api.POST("/v1/deployments/{id}/restore", path(id))));
    case "delete":
      return void (await must(api.DELETE("/v1/deployments/{id}", path(id))));
  }
}

/** An operator's asks, for anyone's agent. */
export async function operatorAsk(id: string, what: "suspend" | "resume"): Promise<void> {
  if (what === "suspend") await must(api.POST("/v1/operator/deployments/{id}/suspend", path(id)));
  else await must(api.POST("/v1/operator/deployments/{id}/resume", path(id)));
}

export const billingQuery = queryOptions({
  queryKey: ["billing"],
  queryFn: ({ signal }) => must(api.GET("/v1/billing", { signal })),
  refetchInterval: (query) => (query.state.data?.subscriptions.some(({ stage }) => stage !== "good" && stage !== "ended") ? FAST : SLOW),
});
export const invoicesQuery = queryOptions({
  queryKey: ["billing", "invoices"],
  queryFn: async ({ signal }) => itemsOf(await must(api.GET("/v1/billing/invoices", { signal }))),
  staleTime: 30_000,
});
const once = () => ({ params: { header: { "Idempotency-Key": crypto.randomUUID() } } });
export const refreshBilling = () => must(api.POST("/v1/billing/refresh", {}));
export const checkout = (deployment: string, plan?: PlanName) => must(api.POST("/v1/billing/checkout", { ...once(), body: { deployment, ...(plan ? { plan } : {}) } }));
export const cancelSubscription = (deployment: string, when: CancelWhen) => must(api.POST("/v1/billing/cancel", { ...once(), body: { deployment, when } }));
export const billingPortal = () => must(api.POST("/v1/billing/portal", once()));
export const showCard = () => must(api.POST("/v1/billing/card", once()));

export const withdrawRelease = (id: string, reason: string) => must(api.POST("/v1/operator/releases/{id}/withdraw", { ...path(id), body: { reason } }));
export const reinstateRelease = (id: string) => must(api.DELETE("/v1/operator/releases/{id}/withdraw", path(id)));

export const create = (body: NewDeployment): Promise<Deployment> => must(api.POST("/v1/deployments", { body }));
export const edit = (id: string, change: { name?: string; plan?: PlanName }) => must(api.PATCH("/v1/deployments/{id}", { ...path(id), body: change }));
export const rollback = (id: string, revision: number, data: RollbackData) =>
  must(api.POST("/v1/deployments/{id}/rollback", { ...path(id), body: { revision, data } }));
export const chooseRelease = (id: string, image: string) => must(api.POST("/v1/deployments/{id}/release", { ...path(id), body: { image } }));
export const openAgent = (id: string) => must(api.POST("/v1/deployments/{id}/open", path(id)));
export const applyConfig = (id: string, body: NewConfig) => must(api.POST("/v1/deployments/{id}/config", { ...path(id), body }));
export const putSecret = (id: string, name: string, value: string) =>
  must(api.PUT("/v1/deployments/{id}/secrets/{name}", { params: { path: { id, name } }, body: { value } }));
export const secretVersionsQuery = (id: string, name: string) =>
  queryOptions({
    queryKey: ["secrets", id, name],
    queryFn: async ({ signal }) => itemsOf(await must(api.GET("/v1/deployments/{id}/secrets/{name}/versions", { signal, params: { path: { id, name } } }))),
  });
export const revokeSecret = (id: string, name: string, n: number) =>
  must(api.POST("/v1/deployments/{id}/secrets/{name}/versions/{n}/revoke", { params: { path: { id, name, n }, header: { "Idempotency-Key": crypto.randomUUID() } } }));
export const deleteSecret = (id: string, name: string) => must(api.DELETE("/v1/deployments/{id}/secrets/{name}", { params: { path: { id, name } } }));
export const createToken = (name: string, scopes: TokenScope[], expires_in_days: number | null) =>
  must(api.POST("/v1/tokens", { body: { name, scopes, ...(expires_in_days === null ? {} : { expires_in_days }) } }));
export const revokeToken = (id: string) => must(api.DELETE("/v1/tokens/{id}", path(id)));
export const signup = (email: string, password: string, setup_token: string | null) =>
  must(api.POST("/v1/auth/signup", { body: { email, password, ...(setup_token ? { setup_token } : {}) } }));
export const login = (email: string, password: string) => must(api.POST("/v1/auth/login", { body: { email, password } }));
export const logout = () => must(api.POST("/v1/auth/logout"));

/** Everything that is known about one agent is asked again; the lists too. */
export function refresh(client: QueryClient, id?: string): void {
  const keys = id === undefined ? [["deployments"], ["operator"]] : [["deployments"], ["deployment", id], ["revisions", id], ["operator"]];
  for (const queryKey of keys) void client.invalidateQueries({ queryKey });
}

/** Asking again helps only when nobody answered. */
export const retry = (failures: number, error: unknown): boolean => failures < 1 && isUnreachable(error) && !isStatus(error, 401);
export const changePassword = (current: string, next: string) => must(api.POST("/v1/auth/password", { body: { current_password: current, new_password: next } }));
