import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Config } from "../config/config.ts";
import type { SecuredEnv } from "./app-env.ts";
import { commonComponents, completed, type Operation } from "./openapi-common.ts";
import { toPattern } from "./route-table.ts";

export interface ApiDocument {
  /** Serialised once: it does not change while the process lives. */
  readonly json: string;
  /** Whether a path below `/api` answers without a token, as its route declares. */
  isPublic(path: string): boolean;
  /** The reference and the document: opened by people in a browser, which sends no app's key. */
  isReference(path: string): boolean;
  /** Asked by load balancers every second: neither counted nor asked for a key. */
  isForMonitors(path: string): boolean;
}

const referencePaths = /^\/api(\/v1)?\/(openapi\.json|docs(\/[^/]+)?)$/;
const monitorPaths = /^\/api(\/v1)?\/health$/;

/** The OpenAPI 3.1 document of everything that is mounted, from the very declarations that validate. */
export function createDocument(
  root: OpenAPIHono<SecuredEnv>,
  v1: OpenAPIHono<SecuredEnv>,
  { version, publicUrl }: Pick<Config, "version" | "publicUrl">,
): ApiDocument {
  const info = {
    openapi: "3.1.0",
    info: {
      title: "Coaching App API",
      version,
      description: [
        "Multi-tenant backend for coaching, mentorship and counselling platforms.",
        "",
        "Sign in with `POST /api/auth/sign-in/email`, then send `Authorization: Bearer <token>`. Whenever an answer",
        "carries the header `set-auth-token`, store that token instead of the one you have.",
        "",
        "Errors are `application/problem+json` with a stable `code`. Every answer carries `X-Request-Id`.",
        "Every signed-in POST may carry an `Idempotency-Key`.",
      ].join("\n"),
    },
    servers: [{ url: publicUrl }],
    tags: ["Sign-in", "Me", "Organizations", "Invitations", "Files", "Audit", "Platform", "System"].map(
      (name) => ({
        name,
      }),
    ),
  };
  const inside = v1.getOpenAPI31Document(info);
  const outside = root.getOpenAPI31Document(info);
  const prefixed = Object.entries(inside.paths ?? {}).map(([path, item]) => [
    path.startsWith("/api/") ? path : `/api/v1${path}`,
    item,
  ]);
  const schemas = { ...outside.components?.schemas, ...inside.components?.schemas };
  const paths = completedPaths({ ...outside.paths, ...Object.fromEntries(prefixed) }, schemas);
  const components = {
    ...commonComponents,
    schemas,
    securitySchemes: {
      bearer: { type: "http", scheme: "bearer", description: "The signed token of a sign-in" },
    },
  };
  const open = publicPaths(paths);
  const fixed = new Set(open.filter((path) => !path.includes("{")));
  const patterns = open.filter((path) => path.includes("{")).map(toPattern);
  return {
    json: JSON.stringify({ ...inside, paths, components }),
    isPublic: (path) =>
      fixed.has(path) || referencePaths.test(path) || patterns.some((pattern) => pattern.test(path)),
    isReference: (path) => referencePaths.test(path),
    isForMonitors: (path) => monitorPaths.test(path),
  };
}

type Paths = Record<string, Record<string, Operation>>;

function completedPaths(paths: object, schemas: object): Paths {
  const known = Object.entries(paths as Paths).map(([path, item]) => {
    const isCounted = path.startsWith("/api/") && !monitorPaths.test(path);
    const operations = Object.entries(item).map(([method, operation]) => [
      method,
      completed(operation, { method, isCounted, schemas: { ...schemas } }),
    ]);
    return [path, Object.fromEntries(operations)];
  });
  return Object.fromEntries(known);
}

function publicPaths(paths: Paths): string[] {
  return Object.entries(paths)
    .filter(([, item]) => Object.values(item).some((operation) => operation["x-access"] === "public"))
    .filter(([path]) => path.startsWith("/api/"))
    .flatMap(([path]) => [path, path.replace("/api/v1/", "/api/")]);
}
