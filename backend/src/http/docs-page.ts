import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Hono, type MiddlewareHandler } from "hono";
import { AppError } from "../errors.ts";
import type { AppEnv } from "./app-env.ts";

/** Same-origin only; Swagger UI sets style attributes and draws its icons as data URLs. */
const contentSecurityPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const types = {
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  png: "image/png",
} as const;
const assets = ["swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png"];

const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Coaching App API</title>
    <link rel="stylesheet" href="/api/v1/docs/swagger-ui.css">
    <link rel="icon" href="/api/v1/docs/favicon-32x32.png">
  </head>
  <body>
    <div id="reference"></div>
    <script src="/api/v1/docs/swagger-ui-bundle.js"></script>
    <script src="/api/v1/docs/start.js"></script>
  </body>
</html>
`;

const start = `SwaggerUIBundle({
  url: "/api/v1/openapi.json",
  dom_id: "#reference",
  deepLinking: true,
  persistAuthorization: false,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
});
`;

const withOwnPolicy: MiddlewareHandler<AppEnv> = (c, next) => {
  c.env.outgoing.setHeader("Content-Security-Policy", contentSecurityPolicy);
  return next();
};

/** The browsable reference at `/docs`, from the installed package: it needs no network but this server. */
export function docsPage(): Hono<AppEnv> {
  const folder = assetFolder();
  const router = new Hono<AppEnv>();
  router.use("/docs", withOwnPolicy);
  router.use("/docs/*", withOwnPolicy);
  router.get("/docs", (c) => c.html(page));
  router.get("/docs/start.js", (c) => c.body(start, 200, { "Content-Type": types.js }));
  router.get("/docs/:asset", (c) => {
    const asset = c.req.param("asset");
    if (!assets.includes(asset)) throw new AppError("not_found", "Not found");
    const type = types[asset.slice(asset.lastIndexOf(".") + 1) as keyof typeof types];
    return c.body(readFileSync(join(folder, asset)), 200, {
      "Content-Type": type,
      "Cache-Control": "public, max-age=3600",
    });
  });
  return router;
}

/** Beside the bundle where this is bundled, in the installed package otherwise. */
function assetFolder(): string {
  const bundled = fileURLToPath(new URL("./swagger-ui", import.meta.url));
  if (existsSync(bundled)) return bundled;
  return dirname(createRequire(import.meta.url).resolve("swagger-ui-dist/package.json"));
}
