import { createApp } from "../../src/app.ts";
import type { TestApp } from "../harness/app.ts";
import { call } from "../harness/client.ts";

export interface Operation {
  readonly id: string;
  /** Upper case. */
  readonly method: string;
  /** As in the document: `/api/v1/files/{fileId}`. */
  readonly path: string;
  readonly access: string;
  readonly security: readonly unknown[];
  readonly hasBody: boolean;
  readonly queryNames: readonly string[];
  /** Headers that it says it takes. */
  readonly headerNames: readonly string[];
  /** By status, headers that the answer says it may carry, in lower case. */
  readonly answers: Readonly<Record<string, readonly string[]>>;
}

interface Described {
  operationId: string;
  "x-access": string;
  security: unknown[];
  requestBody?: unknown;
  parameters?: Ref<{ in: string; name: string }>[];
  responses: Record<string, Ref<{ headers?: object }>>;
}

type Ref<T> = T | { $ref: string };

/** Every operation of the published document. */
export async function readDocument(app: TestApp): Promise<readonly Operation[]> {
  const { json } = await call(app, "GET", "/api/v1/openapi.json");
  const paths = Object.entries(json.paths as Record<string, Record<string, Described>>);
  const resolve = <T>(one: Ref<T>): T =>
    typeof one === "object" && one !== null && "$ref" in one
      ? one.$ref
          .slice(2)
          .split("/")
          .reduce((node, part) => node[part], json)
      : one;
  const namesIn = (place: string, { parameters = [] }: Described) =>
    parameters
      .map(resolve)
      .filter((one) => one.in === place)
      .map((one) => one.name);
  return paths.flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) => ({
      id: described.operationId,
      method: method.toUpperCase(),
      path,
      access: described["x-access"],
      security: described.security,
      hasBody: described.requestBody !== undefined,
      queryNames: namesIn("query", described),
      headerNames: namesIn("header", described),
      answers: Object.fromEntries(
        Object.entries(described.responses).map(([status, answer]) => [
          status,
          Object.keys(resolve(answer).headers ?? {}).map((name) => name.toLowerCase()),
        ]),
      ),
    })),
  );
}

/** Paths at which an operation answers: the versioned one and, where there is one, its unversioned alias. */
export function aliasesOf(path: string): readonly string[] {
  return path.startsWith("/api/v1/") ? [path, path.replace("/api/v1/", "/api/")] : [path];
}

/** What the router really answers, middleware (method ALL) left out: `GET /api/v1/files/{fileId}`. */
export function mountedRoutes(app: TestApp): ReadonlySet<string> {
  const routes = createApp(app.deps).routes.filter(({ method }) => method !== "ALL");
  return new Set(routes.map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, "{$1}")}`));
}
