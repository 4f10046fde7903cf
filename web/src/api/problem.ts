/** What goes wrong between the browser and the API, as one error type with a sentence for the person. */
import type { FieldProblem, Problem } from "./types";

export class ApiProblem extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.name = "ApiProblem";
    this.problem = problem;
  }

  get status(): number {
    return this.problem.status;
  }

  get code(): string {
    return this.problem.code;
  }

  get fields(): readonly FieldProblem[] {
    return this.problem.fields ?? [];
  }
}

/** The server could not be reached, or something between us and it answered in its place (`serve_down` is the edge's word). */
export function isUnreachable(error: unknown): boolean {
  return error instanceof ApiProblem && (error.code === "unreachable" || error.code === "serve_down");
}

export function isStatus(error: unknown, status: number): boolean {
  return error instanceof ApiProblem && error.status === status;
}

export const UNREACHABLE: Problem = {
  code: "unreachable",
  title: "Vivier does not answer",
  status: 0,
  detail: "The server could not be reached. Your agents keep running; this page tries again by itself.",
};

function isProblem(value: unknown): value is Problem {
  if (typeof value !== "object" || value === null) return false;
  const { code, title, status, detail } = value as Record<string, unknown>;
  return typeof code === "string" && typeof title === "string" && typeof status === "number" && typeof detail === "string";
}

/** The problem that an answer carries, or one that says honestly what is known about an answer without one. */
export function problemOf(status: number, body: unknown): ApiProblem {
  if (isProblem(body)) return new ApiProblem(body);
  if (status >= 502 && status <= 504) return new ApiProblem({ ...UNREACHABLE, status });
  return new ApiProblem({
    code: "unexpected_answer",
    title: "Unexpected answer",
    status,
    detail: `The server answered with status ${status} and no explanation. Try again; if it stays so, tell whoever runs this Vivier.`,
  });
}

/** The sentence to show for any error. */
export function sentence(error: unknown): string {
  if (error instanceof ApiProblem) return error.problem.detail;
  return "Something in this page went wrong. Reload it; if it happens again, tell whoever runs this Vivier.";
}
