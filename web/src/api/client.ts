/** The typed client: one place that speaks HTTP to the API. */
import createClient from "openapi-fetch";
import { ApiProblem, problemOf, UNREACHABLE } from "./problem";
import type { paths } from "./schema";

/** A random key for `Idempotency-Key`. `crypto.randomUUID` is missing on plain http other than localhost. */
export function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function reach(request: Request): Promise<Response> {
  if (request.method === "POST" && !request.headers.has("Idempotency-Key")) request.headers.set("Idempotency-Key", randomKey());
  request.headers.set("Accept", "application/json");
  try {
    return await fetch(request);
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    throw new ApiProblem(UNREACHABLE);
  }
}

export const api = createClient<paths>({ baseUrl: typeof window === "undefined" ? "http://localhost" : window.location.origin, fetch: reach, credentials: "same-origin" });

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The body of a good answer; any other is thrown as an {@link ApiProblem}. */
export async function must<T>(answer: Promise<Answer<T>>): Promise<T> {
  let settled: Answer<T>;
  try {
    settled = await answer;
  } catch (cause) {
    // A body that is no JSON, from something that stands between us and the server.
    if (cause instanceof SyntaxError) throw new ApiProblem({ ...UNREACHABLE, code: "unreachable" });
    throw cause;
  }
  if (!settled.response.ok) throw problemOf(settled.response.status, settled.error);
  return settled.data as T;
}
