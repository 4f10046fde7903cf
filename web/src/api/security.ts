/** How people prove who they are: second factors, passkeys, identity providers, links in mails. */
import { queryOptions } from "@tanstack/react-query";
import { api, must } from "./client";
import type { components } from "./schema";
import type { Me } from "./types";

type Schemas = components["schemas"];
export type Security = Schemas["SecurityOut"];
export type SecondStep = Schemas["SecondStep"];
export type FactorKind = Schemas["FactorKind"];
export type Passkey = Schemas["PasskeyOut"];
export type Identity = Schemas["IdentityOut"];
export type Job = Schemas["JobOut"];
export type Reassurance = { password?: string; code?: string };

export const securityQuery = queryOptions({
  queryKey: ["security"],
  queryFn: ({ signal }) => must(api.GET("/v1/auth/security", { signal })),
});

export const signInOptionsQuery = queryOptions({
  queryKey: ["sign-in-options"],
  queryFn: ({ signal }) => must(api.GET("/v1/auth/options", { signal })),
  staleTime: 300_000,
});

/** Signed in; or the first step held, and now the second. */
export type Entered = Me | SecondStep;
export const isSecondStep = (answer: Entered): answer is SecondStep => "kinds" in answer;

export const signIn = (email: string, password: string): Promise<Entered> => must<Entered>(api.POST("/v1/auth/login", { body: { email, password } }));
export const giveCode = (token: string, code: string): Promise<Me> => must(api.POST("/v1/auth/second", { body: { token, code } }));

export const askReset = (email: string) => must(api.POST("/v1/auth/reset", { body: { email } }));
export const finishReset = (token: string, new_password: string) => must(api.POST("/v1/auth/reset/finish", { body: { token, new_password } }));
export const verifyEmail = (token: string) => must(api.POST("/v1/auth/verify", { body: { token } }));
export const resendVerification = () => must(api.POST("/v1/auth/verify/resend"));
export const changeEmail = (email: string, password: string) => must(api.POST("/v1/auth/email", { body: { email, ...(password ? { password } : {}) } }));
export const finishEmail = (token: string) => must(api.POST("/v1/auth/email/finish", { body: { token } }));
export const undoEmail = (token: string) => must(api.POST("/v1/auth/email/undo", { body: { token } }));

export const enrolApp = (body: Reassurance) => must(api.POST("/v1/auth/app", { body }));
export const confirmApp = (code: string) => must(api.POST("/v1/auth/app/confirm", { body: { code } }));
export const disableApp = (body: Reassurance) => must(api.POST("/v1/auth/app/disable", { body }));
export const newRecoveryCodes = (body: Reassurance) => must(api.POST("/v1/auth/recovery-codes", { body }));

/** The browser's answer; what is in it is between the browser and the server. */
type Credential = Record<string, unknown>;
type Sent = Schemas["NewPasskey"]["credential"];
export const passkeyQuestion = (body: Reassurance) => must(api.POST("/v1/auth/passkeys/options", { body }));
export const addPasskey = (token: string, name: string, credential: Credential) => must(api.POST("/v1/auth/passkeys", { body: { token, name, credential: credential as Sent } }));
export const removePasskey = (id: string, body: Reassurance) => must(api.POST("/v1/auth/passkeys/{id}/remove", { params: { path: { id } }, body }));
export const signInQuestion = (second: string | null) => must(api.POST("/v1/auth/passkeys/sign-in/options", { body: second === null ? {} : { second } }));
export const signInAnswer = (token: string, credential: Credential): Promise<Me> => must(api.POST("/v1/auth/passkeys/sign-in", { body: { token, credential: credential as Sent } }));

export const linkIdentity = (provider: string, body: Reassurance) => must(api.POST("/v1/auth/identities/{provider}", { params: { path: { provider } }, body }));
export const unlinkIdentity = (provider: string, body: Reassurance) => must(api.POST("/v1/auth/identities/{provider}/unlink", { params: { path: { provider } }, body }));

export const jobsQuery = (state: "waiting" | "dead") =>
  queryOptions({
    queryKey: ["operator", "jobs", state],
    queryFn: ({ signal }) => must(api.GET("/v1/operator/jobs", { signal, params: { query: { state } } })),
    refetchInterval: 10_000,
  });
export const retryJob = (id: string) => must(api.POST("/v1/operator/jobs/{id}/retry", { params: { path: { id } } }));
export const discardJob = (id: string) => must(api.DELETE("/v1/operator/jobs/{id}", { params: { path: { id } } }));
