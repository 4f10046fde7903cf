/** The audit log, tickets, and accounts as an operator sees them. `staff`: an operator asks, for the whole installation. */
import { queryOptions } from "@tanstack/react-query";
import { api, must } from "./client";
import type { AuditEntry, Comparison, ConsoleAccount, ConsoleAccountDetail, Look, Margin, SnapshotPreview, Ticket, TicketDetail, TicketState } from "./types";

export interface AuditFilter {
  q: string;
  action: string;
  outcome: string;
  account?: string;
}

const given = (filter: Partial<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(Object.entries(filter).filter((pair): pair is [string, string] => pair[1] !== undefined && pair[1] !== ""));

export interface PageOf<T> {
  items: T[];
  next_cursor?: string | null;
}

export const auditPage = (staff: boolean, filter: AuditFilter, cursor: string | undefined): Promise<PageOf<AuditEntry>> => {
  const query = given({ ...filter, cursor }) as never;
  return staff ? must(api.GET("/v1/operator/audit", { params: { query } })) : must(api.GET("/v1/audit", { params: { query } }));
};

/** Where a file of all rows is. */
export const auditExport = (staff: boolean, filter: AuditFilter, format: "ndjson" | "csv"): string =>
  `${staff ? "/v1/operator/audit/export" : "/v1/audit/export"}?${new URLSearchParams(given({ ...filter, format })).toString()}`;

export const verifyAudit = () => must(api.GET("/v1/operator/audit/verification"));

export const looksQuery = queryOptions({ queryKey: ["looks"], queryFn: async ({ signal }): Promise<Look[]> => (await must(api.GET("/v1/looks", { signal }))).items });

export const ticketsQuery = (staff: boolean, q: string, state: TicketState | "") =>
  queryOptions({
    queryKey: ["tickets", staff, q, state],
    queryFn: async ({ signal }): Promise<Ticket[]> => {
      const params = { query: given({ q, state }) as never };
      return (await (staff ? must(api.GET("/v1/operator/tickets", { signal, params })) : must(api.GET("/v1/tickets", { signal, params })))).items;
    },
    placeholderData: (before) => before,
    refetchInterval: 15_000,
  });

/** By its id, or by the number that mails and people call it by. */
export const ticketQuery = (staff: boolean, named: string) =>
  queryOptions({
    queryKey: ["ticket", staff, named],
    queryFn: async ({ signal }): Promise<TicketDetail | null> => {
      let id: string | undefined = named;
      if (/^\d+$/.test(named)) {
        const params = { query: { q: named } as never };
        const found = await (staff ? must(api.GET("/v1/operator/tickets", { signal, params })) : must(api.GET("/v1/tickets", { signal, params })));
        id = found.items[0]?.id;
      }
      if (id === undefined) return null;
      const params = { path: { id } };
      return staff ? must(api.GET("/v1/operator/tickets/{id}", { signal, params })) : must(api.GET("/v1/tickets/{id}", { signal, params }));
    },
    refetchInterval: 15_000,
  });

export const takeSnapshot = (deployment: string): Promise<SnapshotPreview> => must(api.POST("/v1/deployments/{id}/support-snapshot", { params: { path: { id: deployment } } }));

export const openTicket = (body: { subject: string; message: string; deployment?: string; snapshot?: string }): Promise<TicketDetail> => must(api.POST("/v1/tickets", { body }));

export const writeInTicket = (id: string, message: string): Promise<TicketDetail> => must(api.POST("/v1/tickets/{id}/messages", { params: { path: { id } }, body: { message } }));

export const answerTicket = (id: string, body: { message: string; internal: boolean; solved: boolean }): Promise<TicketDetail> =>
  must(api.POST("/v1/operator/tickets/{id}/messages", { params: { path: { id } }, body }));

export const moveTicket = (staff: boolean, id: string, verb: "close" | "reopen"): Promise<TicketDetail> => {
  const params = { path: { id } };
  if (staff) return verb === "close" ? must(api.POST("/v1/operator/tickets/{id}/close", { params })) : must(api.POST("/v1/operator/tickets/{id}/reopen", { params }));
  return verb === "close" ? must(api.POST("/v1/tickets/{id}/close", { params })) : must(api.POST("/v1/tickets/{id}/reopen", { params }));
};

export const accountsQuery = (q: string) =>
  queryOptions({
    queryKey: ["operator", "accounts", q],
    queryFn: async ({ signal }): Promise<ConsoleAccount[]> => (await must(api.GET("/v1/operator/accounts", { signal, params: { query: given({ q }) as never } }))).items,
    placeholderData: (before) => before,
  });

export const anyAccountQuery = (id: string) =>
  queryOptions({
    queryKey: ["operator", "account", id],
    queryFn: ({ signal }): Promise<ConsoleAccountDetail> => must(api.GET("/v1/operator/accounts/{id}", { signal, params: { path: { id } } })),
    refetchInterval: 10_000,
  });

export const beginLook = (id: string, reason: string, minutes: number): Promise<Look> => must(api.POST("/v1/operator/accounts/{id}/look", { params: { path: { id } }, body: { reason, minutes } }));

export const endLook = () => must(api.DELETE("/v1/auth/look"));

export const holdAccount = (id: string, suspend: boolean, reason: string) => {
  const asked = { params: { path: { id } }, body: { reason } };
  return suspend ? must(api.POST("/v1/operator/accounts/{id}/suspend", asked)) : must(api.POST("/v1/operator/accounts/{id}/resume", asked));
};

/** Newest first. */
export const comparisonsQuery = queryOptions({
  queryKey: ["operator", "comparisons"],
  queryFn: async ({ signal }): Promise<Comparison[]> => (await must(api.GET("/v1/operator/reconciliations", { signal }))).items,
});

export const compareBooks = (): Promise<Comparison> => must(api.POST("/v1/operator/reconciliations"));

/** Of the last thirty days. */
export const marginsQuery = queryOptions({
  queryKey: ["operator", "margins"],
  queryFn: async ({ signal }): Promise<Margin[]> => (await must(api.GET("/v1/operator/margins", { signal }))).items,
});
