import { expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call } from "../harness/client.ts";
import { attempts } from "./attempts.ts";
import { aliasesOf, mountedRoutes, readDocument } from "./document.ts";
import { readTable } from "./table.ts";

const app = await startTestApp({ worker: false });
const operations = await readDocument(app);
const table = readTable();

/** The document and the page that shows it do not describe themselves. */
const undescribed = ["/openapi.json", "/docs", "/docs/start.js", "/docs/{asset}"].flatMap((path) => [
  `GET /api/v1${path}`,
  `GET /api${path}`,
]);

test("every operation of the document has a row, and every row an operation", () => {
  const rows = new Set(table.map((row) => row.operation));
  expect([...rows].sort()).toEqual(operations.map((operation) => operation.id).sort());
});

test("every row is attempted, and no row comes twice", () => {
  const keys = table.map((row) => row.key);
  expect(new Set(keys).size).toBe(keys.length);
  expect(Object.keys(attempts).sort()).toEqual([...keys].sort());
});

test("every mounted route is in the document", () => {
  const described = operations.flatMap(({ method, path }) => aliasesOf(path).map((at) => `${method} ${at}`));
  const known = new Set([...described, ...undescribed]);
  expect([...mountedRoutes(app)].filter((route) => !known.has(route))).toEqual([]);
});

test("every operation of the document is mounted at both of its aliases", () => {
  const mounted = mountedRoutes(app);
  const missing = operations
    .filter(({ path }) => !path.startsWith("/api/auth/"))
    .flatMap(({ method, path }) => aliasesOf(path).map((at) => `${method} ${at}`))
    .filter((route) => !mounted.has(route));
  expect(missing).toEqual([]);
});

test("exactly these operations need nobody signed in", () => {
  const open = operations.filter(({ access, security }) => access === "public" && security.length === 0);
  expect(open.map(({ method, path }) => `${method} ${path}`).sort()).toEqual([
    "GET /",
    "GET /.well-known/security.txt",
    "GET /api/auth/verify-email",
    "GET /api/v1/config/public",
    "GET /api/v1/health",
    "GET /api/v1/invitations/{token}",
    "GET /health",
    "GET /health/live",
    "GET /health/ready",
    "POST /api/auth/request-password-reset",
    "POST /api/auth/reset-password",
    "POST /api/auth/send-verification-email",
    "POST /api/auth/sign-in/email",
    "POST /api/auth/sign-up/email",
    "POST /api/auth/two-factor/verify-backup-code",
    "POST /api/auth/two-factor/verify-totp",
  ]);
});

test("every other operation names a permission and asks for a bearer token", () => {
  const secured = operations.filter(({ access }) => access !== "public");
  const careless = secured.filter(
    ({ access, security }) =>
      !/^[a-z]+\.[a-z]+$/i.test(access) || JSON.stringify(security) !== '[{"bearer":[]}]',
  );
  expect(careless).toEqual([]);
});

test("routes of Better-auth that are not offered are not there", async () => {
  const hidden = ["ok", "error", "list-sessions", "revoke-sessions", "update-user", "delete-user", "token"];
  for (const path of [...hidden, "sign-in/social", "admin/list-users", "organization/create", "callback/x"])
    for (const method of ["GET", "POST"]) {
      const { status } = await call(app, method, `/api/auth/${path}`);
      expect(status, `${method} ${path}`).toBe(404);
    }
});
