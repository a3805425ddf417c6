import type { ErrorCounter } from "../../http/error-counter.ts";
import { jsonResponse } from "../../http/openapi.ts";
import { createRouter } from "../../http/router.ts";
import { publicRoute, securedRoute } from "../../http/secured-route.ts";
import {
  errorStatsSchema,
  healthSchema,
  liveSchema,
  publicConfigSchema,
  readySchema,
  rootSchema,
} from "./system.schema.ts";
import type { SystemService } from "./system.service.ts";

const tags = ["System"];

const root = publicRoute("says what this is", {
  operationId: "system.root",
  method: "get",
  path: "/",
  tags,
  summary: "What this is",
  responses: { 200: jsonResponse("Name and version", rootSchema) },
});

const health = (operationId: string) =>
  publicRoute("monitors and load balancers have no account", {
    operationId,
    method: "get",
    path: "/health",
    tags,
    summary: "Is the process up",
    responses: { 200: jsonResponse("It is", healthSchema) },
  });

const live = publicRoute("monitors and load balancers have no account", {
  operationId: "system.live",
  method: "get",
  path: "/health/live",
  tags,
  summary: "Does the event loop turn",
  responses: { 200: jsonResponse("It does", liveSchema) },
});

const ready = publicRoute("monitors and load balancers have no account", {
  operationId: "system.ready",
  method: "get",
  path: "/health/ready",
  tags,
  summary: "Do all parts answer",
  responses: { 200: jsonResponse("They do", readySchema), 503: jsonResponse("Some do not", readySchema) },
});

const publicConfig = publicRoute("a sign-up form must know the rules before anybody is signed in", {
  operationId: "system.publicConfig",
  method: "get",
  path: "/config/public",
  tags,
  summary: "Limits, upload rules and policies",
  responses: { 200: jsonResponse("What a client may know", publicConfigSchema) },
});

const errorStats = securedRoute(
  { permission: "errors.read" },
  {
    operationId: "system.errorStats",
    method: "get",
    path: "/errors/stats",
    tags,
    summary: "How many requests failed since start (platform admins, or the metrics token)",
    responses: { 200: jsonResponse("Counts", errorStatsSchema) },
  },
);

/** Outside of `/api`: what load balancers and the curious ask. */
export const rootRoutes = (system: SystemService) =>
  createRouter()
    .openapi(root, (c) => c.json(system.root(), 200))
    .openapi(health("system.health"), (c) => c.json(system.health(), 200))
    .openapi(live, (c) => c.json({ status: "ok" as const }, 200))
    .openapi(ready, async (c) => {
      const state = await system.ready();
      return c.json(state, state.status === "down" ? 503 : 200);
    });

/** Inside of `/api/v1` and `/api`. */
export const systemRoutes = (system: SystemService, errors: ErrorCounter) =>
  createRouter()
    .openapi(health("system.apiHealth"), (c) => c.json(system.health(), 200))
    .openapi(publicConfig, (c) => c.json(system.publicConfig(), 200))
    .openapi(errorStats, (c) => c.json(errors.stats(), 200));
