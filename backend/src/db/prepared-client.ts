import pg from "pg";
import { failureOf, type Tracing } from "../adapters/tracing/port.ts";

/** More texts than we have; a list of variable length could otherwise fill the memory of every connection. */
const maxNames = 500;

/**
 * Connections that give every statement with parameters a name, so that PostgreSQL parses and plans each text once a
 * connection instead of on every request: that is half of what a short statement costs.
 *
 * @param tracing told of each statement: its text, which has places for values and no values
 */
export function preparedClient(tracing?: Tracing): typeof pg.Client {
  const names = new Map<string, string>();

  function nameOf(text: string): string | undefined {
    const known = names.get(text);
    if (known !== undefined || names.size >= maxNames) return known;
    const name = `statement-${names.size + 1}`;
    names.set(text, name);
    return name;
  }

  return class extends pg.Client {
    override query = ((statement: unknown, ...rest: unknown[]) => {
      const send = (...more: unknown[]) =>
        Reflect.apply(super.query, this, [named(statement, nameOf), ...more]) as unknown;
      return tracing ? traced(tracing, textOf(statement), send, rest) : send(...rest);
    }) as pg.Client["query"];
  };
}

const textOf = (statement: unknown): string =>
  typeof statement === "object" && statement !== null && "text" in statement
    ? String(statement.text)
    : String(statement);

type Send = (...rest: unknown[]) => unknown;

/** One span for a statement, whichever way its end is told. */
function traced(tracing: Tracing, text: string, send: Send, rest: readonly unknown[]): unknown {
  const span = tracing.start(/^\w+/.exec(text.trimStart())?.[0].toUpperCase() ?? "SQL", {
    "db.system.name": "postgresql",
    "db.query.text": text,
  });
  const callback = rest.at(-1);
  if (typeof callback === "function")
    return send(...rest.slice(0, -1), (error: unknown, ...answer: unknown[]) => {
      span.end(error ? { failure: failureOf(error) } : {});
      callback(error, ...answer);
    });
  const sent = send(...rest) as Promise<unknown>;
  sent.then(
    () => span.end(),
    (error: unknown) => span.end({ failure: failureOf(error) }),
  );
  return sent;
}

/** What has a name keeps it, and bare text (`begin`) goes the simple way. */
function named(statement: unknown, nameOf: (text: string) => string | undefined): unknown {
  if (typeof statement !== "object" || statement === null || !("text" in statement)) return statement;
  if ("name" in statement && statement.name !== undefined) return statement;
  return { ...statement, name: nameOf(String(statement.text)) };
}
