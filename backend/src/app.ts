import { OpenAPIHono } from "@hono/zod-openapi";
import { type Context, Hono } from "hono";
import { readsMax } from "./adapters/storage/port.ts";
import type { Deps } from "./deps.ts";
import { AppError } from "./errors.ts";
import { auditEventRoutes } from "./features/audit-events/audit-events.routes.ts";
import { fileListRoutes } from "./features/files/files.list.routes.ts";
import { multipartRoutes } from "./features/files/files.multipart.routes.ts";
import { quarantineRoutes } from "./features/files/files.quarantine.routes.ts";
import { fileReadBy, fileRoutes } from "./features/files/files.routes.ts";
import { storageRoutes } from "./features/files/files.storage.routes.ts";
import { invitationLinkRoutes } from "./features/invitations/invitations.link.routes.ts";
import { invitationRoutes } from "./features/invitations/invitations.routes.ts";
import { meRoutes } from "./features/me/me.routes.ts";
import { memberRoutes } from "./features/members/members.routes.ts";
import { memberSecurityRoutes } from "./features/members/members.security.routes.ts";
import { organizationLifecycleRoutes } from "./features/organizations/organizations.lifecycle.routes.ts";
import { organizationRoutes } from "./features/organizations/organizations.routes.ts";
import { platformUserRoutes } from "./features/platform-users/platform-users.routes.ts";
import { documentAuth } from "./features/sign-in/sign-in.openapi.ts";
import { signInRoutes } from "./features/sign-in/sign-in.routes.ts";
import { rootRoutes, systemRoutes } from "./features/system/system.routes.ts";
import { securityTxtRoutes } from "./features/system/system.security-txt.routes.ts";
import type { AppEnv, SecuredEnv } from "./http/app-env.ts";
import { createClientIp, createTrustedPeer } from "./http/client-ip.ts";
import { corridor, except } from "./http/corridor.ts";
import { docsPage } from "./http/docs-page.ts";
import { createDocument } from "./http/document.ts";
import { authenticate } from "./http/middleware/authenticate.ts";
import { clientKey } from "./http/middleware/client-key.ts";
import { cors } from "./http/middleware/cors.ts";
import { metricsPage, metricsPath } from "./http/middleware/metrics-page.ts";
import { metricsToken } from "./http/middleware/metrics-token.ts";
import { limitByAddress, limitByUser } from "./http/middleware/rate-limit.ts";
import { requestContext } from "./http/middleware/request-context.ts";
import { securityHeaders } from "./http/middleware/security-headers.ts";
import { traceRequests } from "./http/middleware/trace-requests.ts";
import { urlLimit } from "./http/middleware/url-limit.ts";
import { answerError } from "./http/problem.ts";
import { createRouteOf } from "./http/route-of.ts";
import { createRouteTable, type RouteTable } from "./http/route-table.ts";
import { serveStoredFiles } from "./http/stored-files.ts";
import { speakPlainly } from "./http/validation.ts";
import { createSeats } from "./seats.ts";

/**
 * The corridor every request walks, in order: context, log and metrics → security headers → CORS → URL length → (for `/api`)
 * rate limit by address → client key → sign-in or the bearer token → rate limit by user → the route's guard → body →
 * validation → handler. Everything that is refused on the way leaves through `answerError`.
 */
export function createApp(deps: Deps): Hono<AppEnv> {
  const { config, errors } = deps;
  const metricsTokens = () => deps.live.current.metricsTokens;
  speakPlainly();
  const root = rootRoutes(deps.services.system);
  root.route("/", securityTxtRoutes(config));
  const v1 = new OpenAPIHono<SecuredEnv>();
  v1.route("/", systemRoutes(deps.services.system, errors));
  v1.route("/", meRoutes(deps.services.me));
  v1.route("/", organizationRoutes(deps.services.organizations));
  v1.route(
    "/",
    organizationLifecycleRoutes(deps.services.organizationLifecycle, deps.services.organizationSettings),
  );
  v1.route("/", memberRoutes(deps.services.members));
  v1.route("/", memberSecurityRoutes(deps.services.memberSecurity));
  v1.route("/", invitationRoutes(deps.services.invitations));
  v1.route("/", invitationLinkRoutes(deps.services.invitationAnswers));
  v1.route("/", fileRoutes(deps.services.files));
  v1.route("/", quarantineRoutes(deps.services.files));
  v1.route("/", multipartRoutes(deps.services.files));
  v1.route("/", fileListRoutes(deps.services.listFiles));
  v1.route("/", storageRoutes(deps.services.storage));
  v1.route("/", platformUserRoutes(deps.services.platformUsers, deps.services.platformUserAccounts));
  v1.route("/", auditEventRoutes(deps.services.auditEvents, deps.services.auditExport));
  documentAuth(v1.openAPIRegistry, deps.authEndpoints);
  const document = createDocument(root, v1, config);

  const routeOf = createRouteOf([metricsPath, ...deps.authEndpoints.map(({ path }) => `/api/auth${path}`)]);

  const app = new Hono<AppEnv>();
  app.onError(answerError);
  if (deps.tracing) {
    const isTrustedPeer = createTrustedPeer(config.trustedProxies);
    app.use(traceRequests({ tracing: deps.tracing, routeOf, isTrustedPeer }));
  }
  app.use(
    corridor(
      requestContext({ ...deps, clientIp: createClientIp(config.trustedProxies), routeOf }),
      securityHeaders(config.hsts),
      metricsPage({
        tokens: config.metricsPort === undefined ? metricsTokens : () => [],
        metrics: deps.metrics,
        limit: limitByAddress(deps.limiter, config.limits),
      }),
      cors(config.corsOrigins),
      urlLimit,
    ),
  );
  app.route("/", root);

  const { handle: serve } = deps.storage;
  if (serve) app.all("/storage/*", serveStoredFiles(serve, createSeats(readsMax)));

  const key = clientKey(deps.live);
  app.use(
    "/api/*",
    corridor(
      except(document.isForMonitors, limitByAddress(deps.limiter, config.limits)),
      except((path) => document.isForMonitors(path) || document.isReference(path), key),
    ),
  );
  app.route("/api/auth", signInRoutes(deps.services.signIn, deps.authEndpoints));
  for (const base of ["/api/v1", "/api"])
    app.use(`${base}/errors/stats`, corridor(metricsToken(metricsTokens, errors)));
  // Made once everything is mounted, long before the first request.
  let table: RouteTable;
  const unknownPath = (c: Context<AppEnv>): AppError => {
    const methods = table.methodsOf(c.req.path);
    if (methods.length === 0) return new AppError("not_found", "Not found");
    c.header("Allow", methods.join(", "));
    return new AppError("method_not_allowed", "This method is not offered here");
  };
  app.use(
    "/api/*",
    corridor(
      authenticate({ ...deps, isPublic: document.isPublic, rowReadBy: fileReadBy }),
      limitByUser(deps.limiter, config.limits),
      (c) => {
        if (!table.offers(c.req.method, c.req.path)) throw unknownPath(c);
        return undefined;
      },
    ),
  );
  for (const base of ["/api/v1", "/api"]) {
    app.get(`${base}/openapi.json`, (c) =>
      c.body(document.json, 200, { "Content-Type": "application/json" }),
    );
    app.route(base, docsPage());
    app.route(base, v1);
  }

  table = createRouteTable(app.routes);
  app.notFound((c) => answerError(unknownPath(c), c));
  return app;
}
