/** Where to go after signing in: a path of this very site, or home. */
export const HOME = "/agents";

const ENTRY = new Set(["/login", "/signup", "/setup", "/"]);

/**
 * The path that `?next=` names, if it is one of ours. Everything that a browser could read as another site's address
 * (`//host`, `/\host`, `https:`, control characters that it drops) leads home instead.
 */
export function safeNext(next: string | null | undefined, fallback: string = HOME): string {
  if (!next || next.length > 2000 || !next.startsWith("/") || next.startsWith("//")) return fallback;
  if (/[\\\u0000-\u0020\u007f]/.test(next)) return fallback;
  let url: URL;
  try {
    url = new URL(next, "http://here.invalid");
  } catch {
    return fallback;
  }
  if (url.origin !== "http://here.invalid" || url.pathname.startsWith("//")) return fallback;
  if (ENTRY.has(url.pathname.replace(/(.)\/+$/, "$1"))) return fallback;
  return url.pathname + url.search + url.hash;
}

/** Paths that the server answers itself (the way to an agent): the whole page must go there, not the router. */
export function isServerPath(path: string): boolean {
  return /^\/(open|v1)(\/|$|\?)/.test(path);
}
