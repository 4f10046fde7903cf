/** The account that one works in: its people, one's sessions, and its end. */
import { queryOptions } from "@tanstack/react-query";
import { api, must } from "./client";
import type { components } from "./schema";

type Schemas = components["schemas"];
export type MemberRole = Schemas["MemberRole"];
export type MemberOut = Schemas["MemberOut"];
export type InvitationOut = Schemas["InvitationOut"];
export type InvitationShown = Schemas["InvitationShown"];
export type SessionOut = Schemas["SessionOut"];

const path = (id: string) => ({ params: { path: { id } } });

export const accountsQuery = queryOptions({ queryKey: ["accounts"], queryFn: async ({ signal }) => (await must(api.GET("/v1/accounts", { signal }))).items });
export const membersQuery = queryOptions({ queryKey: ["members"], queryFn: async ({ signal }) => (await must(api.GET("/v1/members", { signal }))).items });
export const invitationsQuery = queryOptions({ queryKey: ["invitations"], queryFn: async ({ signal }) => (await must(api.GET("/v1/invitations", { signal }))).items });
export const sessionsQuery = queryOptions({ queryKey: ["sessions"], queryFn: async ({ signal }) => (await must(api.GET("/v1/sessions", { signal }))).items });

export const switchAccount = (account: string) => must(api.POST("/v1/auth/switch", { body: { account } }));
export const createAccount = (name: string) => must(api.POST("/v1/accounts", { body: { name } }));
export const renameAccount = (name: string) => must(api.PATCH("/v1/account", { body: { name } }));
export const setRole = (id: string, role: MemberRole) => must(api.PATCH("/v1/members/{id}", { ...path(id), body: { role } }));
export const removeMember = (id: string) => must(api.DELETE("/v1/members/{id}", path(id)));
export const leaveAccount = () => must(api.POST("/v1/account/leave"));
export const handOver = (user: string, password: string) => must(api.POST("/v1/account/owner", { body: { user, ...given(password) } }));
export const invite = (email: string, role: MemberRole) => must(api.POST("/v1/invitations", { body: { email, role } }));
export const resendInvitation = (id: string) => must(api.POST("/v1/invitations/{id}/resend", path(id)));
export const revokeInvitation = (id: string) => must(api.DELETE("/v1/invitations/{id}", path(id)));
export const showInvitation = (token: string) => must(api.POST("/v1/auth/invitation", { body: { token } }));
export const acceptInvitation = (token: string) => must(api.POST("/v1/auth/invitation/accept", { body: { token } }));
export const signupInvited = (email: string, password: string, invitation: string) => must(api.POST("/v1/auth/signup", { body: { email, password, invitation } }));
export const endSession = (id: string) => must(api.DELETE("/v1/sessions/{id}", path(id)));
export const endOtherSessions = () => must(api.DELETE("/v1/sessions"));
export const deleteAccount = (name: string, password: string) => must(api.POST("/v1/account/delete", { body: { name, ...given(password) } }));
export const deleteUser = (email: string, password: string) => must(api.POST("/v1/auth/user/delete", { body: { email, ...given(password) } }));

/** Who has no password leaves it out, and the server looks at how young the sign-in is. */
const given = (password: string): { password?: string } => (password === "" ? {} : { password });

/** What each role may do, in a few words; in the order of what they may. */
export const ROLES: Record<MemberRole, [string, string]> = {
  viewer: ["Viewer", "looks, and changes nothing"],
  member: ["Member", "makes and changes agents, and talks to them"],
  admin: ["Admin", "also members, everyone's tokens, usage and invoices"],
  owner: ["Owner", "also money that moves, and the account itself"],
};
export const GIVEN: MemberRole[] = ["viewer", "member", "admin"];
const ORDER = Object.keys(ROLES) as MemberRole[];
export const atLeast = (role: MemberRole | undefined, least: MemberRole): boolean => role !== undefined && ORDER.indexOf(role) >= ORDER.indexOf(least);
