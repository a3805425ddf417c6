import pg from "pg";

/** More texts than we have; a list of variable length could otherwise fill the memory of every connection. */
const maxNames = 500;

/**
 * Connections that give every statement with parameters a name, so that PostgreSQL parses and plans each text once a
 * connection instead of on every request: that is half of what a short statement costs.
 */
export function preparedClient(): typeof pg.Client {
  const names = new Map<string, string>();

  function nameOf(text: string): string | undefined {
    const known = names.get(text);
    if (known !== undefined || names.size >= maxNames) return known;
    const name = `statement-${names.size + 1}`;
    names.set(text, name);
    return name;
  }

  return class extends pg.Client {
    override query = ((statement: unknown, ...rest: unknown[]) =>
      Reflect.apply(super.query, this, [named(statement, nameOf), ...rest])) as pg.Client["query"];
  };
}

/** What has a name keeps it, and bare text (`begin`) goes the simple way. */
function named(statement: unknown, nameOf: (text: string) => string | undefined): unknown {
  if (typeof statement !== "object" || statement === null || !("text" in statement)) return statement;
  if ("name" in statement && statement.name !== undefined) return statement;
  return { ...statement, name: nameOf(String(statement.text)) };
}
