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
}

interface Described {
  operationId: string;
  "x-access": string;
  security: unknown[];
  requestBody?: unknown;
  parameters?: { in: string; name: string }[];
}

/** Every operation of the published document. */
export async function readDocument(app: TestApp): Promise<readonly Operation[]> {
  const { json } = await call(app, "GET", "/api/v1/openapi.json");
  const paths = Object.entries(json.paths as Record<string, Record<string, Described>>);
  return paths.flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) => ({
      id: described.operationId,
      method: method.toUpperCase(),
      path,
      access: described["x-access"],
      security: described.security,
      hasBody: described.requestBody !== undefined,
      queryNames: (described.parameters ?? []).filter((one) => one.in === "query").map((one) => one.name),
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
