import { keywordsOf, namesIn, statementsOf } from "./sql-statements.ts";

export interface Step {
  /** As `CREATE INDEX` or `ADD COLUMN`. */
  readonly kind: string;
  readonly statement: string;
  /** Why the release before may not work on what this leaves behind; absent where the statement only expands. */
  readonly narrows?: string;
}

/** Tables and columns (`table.column`) that this migration makes: the release before does not know them. */
type Fresh = Set<string>;

/** Found anywhere in a statement: one ALTER TABLE may do several things. */
const narrowing: readonly (readonly [RegExp, string])[] = [
  [/\bDROP\b|^TRUNCATE\b/, "takes something away"],
  [/\bRENAME\b|\bSET SCHEMA\b/, "the old name is gone"],
  [/\bSET NOT NULL\b/, "the release before may write no value"],
  [/^ALTER TYPE\b|\bALTER (COLUMN )?\S+ (SET DATA )?TYPE\b/, "the release before knows the old type"],
  [/^REVOKE\b/, "takes a right away"],
  [/^(UPDATE|DELETE|MERGE)\b/, "changes rows that are in use"],
  [/^CREATE OR REPLACE\b/, "changes what is in use"],
  [/^CREATE (CONSTRAINT )?TRIGGER\b|^CREATE (RULE|POLICY)\b/, "changes what the release before writes"],
];

const expanding = [
  /^CREATE (TABLE|SCHEMA|TYPE|DOMAIN|SEQUENCE|FUNCTION|VIEW|MATERIALIZED VIEW|EXTENSION)\b/,
  /^CREATE (UNIQUE )?INDEX\b/,
  /^ALTER TABLE \S+ (ADD|VALIDATE) CONSTRAINT\b/,
  /^ALTER TABLE \S+ (ADD COLUMN|ALTER COLUMN \S+ SET DEFAULT)\b/,
  /^(INSERT|COMMENT|GRANT|ALTER DEFAULT PRIVILEGES)\b/,
];

/** What a migration does, statement by statement, and which of it is not expand-only. */
export function stepsOf(migration: string): readonly Step[] {
  const statements = statementsOf(migration);
  const fresh: Fresh = new Set(statements.flatMap(madeBy));
  return statements.map((statement) => {
    const narrows = reason(statement, fresh);
    return { kind: kindOf(statement), statement, ...(narrows && { narrows }) };
  });
}

function madeBy(statement: string): string[] {
  const [table = "", ...others] = namesIn(statement);
  if (/^CREATE TABLE\b/i.test(statement)) return [table];
  return /^ALTER TABLE \S+ ADD COLUMN\b/i.test(statement) ? [`${table}.${others[0]}`] : [];
}

function reason(statement: string, fresh: Fresh): string | undefined {
  const keywords = keywordsOf(statement);
  if (/^REVOKE\b/.test(keywords) && namesIn(statement).length > 0)
    return namesIn(statement).every((table) => fresh.has(table)) ? undefined : "takes a right away";
  const [, found] = narrowing.find(([pattern]) => pattern.test(keywords)) ?? [];
  if (found) return found;
  if (!expanding.some((pattern) => pattern.test(keywords))) return "not known to be harmless";
  if (/\bADD COLUMN\b/.test(keywords))
    return /\bNOT NULL\b/.test(keywords) && !/\b(DEFAULT|GENERATED)\b/.test(keywords)
      ? "the release before writes no value"
      : undefined;
  if (/^CREATE UNIQUE INDEX\b|\bADD CONSTRAINT\b/.test(keywords) && !isOnFresh(statement, fresh))
    return "the release before may write what this refuses";
  return undefined;
}

/** Whether a constraint or unique index only looks at what the release before never writes. */
function isOnFresh(statement: string, fresh: Fresh): boolean {
  const [, table = "", columns = ""] =
    /^ALTER TABLE "([^"]+)" ADD CONSTRAINT "[^"]+" (?:CHECK|UNIQUE|FOREIGN KEY)[^(]*(\(.*)$/i.exec(
      statement,
    ) ??
    /^CREATE UNIQUE INDEX .*? ON "([^"]+)"[^(]*(\(.*)$/i.exec(statement) ??
    [];
  if (fresh.has(table)) return true;
  const [looked = ""] = columns.split(/ REFERENCES /i);
  const names = namesIn(looked).filter((name) => name !== table);
  return names.length > 0 && names.every((name) => fresh.has(`${table}.${name}`));
}

function kindOf(statement: string): string {
  const keywords = keywordsOf(statement);
  const [action] = /\b(ADD|DROP|ALTER|RENAME|VALIDATE) (COLUMN|CONSTRAINT)\b/.exec(keywords) ?? [];
  if (action && /^ALTER TABLE\b/.test(keywords)) return action;
  return (
    /^(CREATE (OR REPLACE )?(UNIQUE )?[A-Z]+|ALTER [A-Z]+|DROP [A-Z]+|[A-Z]+)/.exec(keywords)?.[0] ?? "?"
  );
}
