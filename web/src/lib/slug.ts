/** A preview of the address label that the server will make of a name. The server has the last word (and adds a suffix). */
export function slugPreview(name: string): string {
  const stem = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+/, "")
    .slice(0, 28)
    .replace(/^-+|-+$/g, "");
  return stem === "" ? "agent" : stem;
}

/** Why a label of the person's own choice cannot be one; `null` when it can. The rules are those of the API (`Slug`). */
export function slugError(slug: string): string | null {
  if (slug === "") return null;
  if (slug.length < 3 || slug.length > 40) return "must have 3 to 40 characters";
  if (!/^[a-z0-9-]+$/.test(slug) || slug.startsWith("-") || slug.endsWith("-") || slug.slice(2, 4) === "--") {
    return "may hold only a-z, 0-9 and hyphens, and must begin and end with a letter or digit";
  }
  return null;
}
