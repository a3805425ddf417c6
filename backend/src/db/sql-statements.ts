/** A string, quoted name, body of a function or comment: what may hold words that are no keywords. */
const opaque = /'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(\w*)\$[\s\S]*?\$\1\$|--.*|\/\*[\s\S]*?\*\//g;
const breakpoint = "--> statement-breakpoint";

/** The statements of a migration, each on one line, without comments and with every literal emptied. */
export function statementsOf(migration: string): readonly string[] {
  return migration
    .replaceAll(breakpoint, ";")
    .replace(opaque, (part) => {
      if (part.startsWith('"')) return part.replaceAll(";", " ");
      return part.startsWith("-") || part.startsWith("/") ? " " : "''";
    })
    .split(";")
    .map((statement) => statement.replace(/\s+/g, " ").trim())
    .filter((statement) => statement !== "");
}

/** Keywords only: quoted names emptied, so that a column called "type" is none. */
export const keywordsOf = (statement: string): string => statement.replace(/"[^"]*"/g, '""').toUpperCase();

/** The names in quotes, as Drizzle writes all of them. */
export const namesIn = (text: string): readonly string[] =>
  [...text.matchAll(/"([^"]*)"/g)].map(([, name]) => name ?? "");
