import { v7 as uuidv7 } from "uuid";
import { expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call, createTenant, uploadFile } from "../harness/client.ts";
import { memberIdOf } from "../members/members.ts";
import { expectProblem } from "./shapes.ts";

const app = await startTestApp({ worker: false });
const [home, away] = await Promise.all([createTenant(app), createTenant(app)]);
const { org_admin, manager, coach, client } = home.people;
const at = (tenant: typeof home, rest = "") => `/organizations/${tenant.organizationId}${rest}`;
const [adminId, clientId, foreignId] = await Promise.all([
  memberIdOf(app, home.organizationId, org_admin),
  memberIdOf(app, home.organizationId, client),
  memberIdOf(app, away.organizationId, away.people.client),
]);
const file = await uploadFile(app, org_admin.token, new TextEncoder().encode("hello"), {
  target: "organizationFile",
  organizationId: home.organizationId,
  fileName: "a.txt",
  contentType: "text/plain",
});
const taken = (await call(app, "GET", `/api/v1${at(away)}`, { token: away.people.client.token })).json.slug;
const member = (id: string) => at(home, `/members/${id}`);
const stale = { "if-match": '"v9"' };
const malformed = "{";

interface Faulty {
  readonly by?: { readonly token: string };
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

/** Each request is wrong in two ways at least; the way that the guide names first is the answer. */
test.each<[string, string, string, Faulty, number, string]>([
  ["no token before an unknown path", "GET", "/nowhere", {}, 401, "unauthenticated"],
  ["no token before a method", "PUT", "/me", { body: malformed }, 401, "unauthenticated"],
  ["no token before an organization", "GET", at(away), {}, 401, "unauthenticated"],
  ["an unknown path before a body", "POST", "/nowhere", { by: client, body: malformed }, 404, "not_found"],
  ["a method before an organization", "PUT", at(away), { by: client }, 405, "method_not_allowed"],
  [
    "a method before a role",
    "PUT",
    at(home, "/settings"),
    { by: client, body: malformed },
    405,
    "method_not_allowed",
  ],
  ["an organization before a role", "POST", at(away, "/suspend"), { by: client }, 404, "not_found"],
  ["an organization before a body", "PATCH", at(away), { by: org_admin, body: malformed }, 404, "not_found"],
  [
    "a malformed organization before a body",
    "PATCH",
    "/organizations/x",
    { by: org_admin, body: malformed },
    404,
    "not_found",
  ],
  ["a role before a body", "PATCH", at(home), { by: client, body: malformed }, 403, "forbidden"],
  ["a role before a query", "GET", at(home, "/invitations?x=1"), { by: client }, 403, "forbidden"],
  ["a role before a row", "PATCH", member(uuidv7()), { by: client, body: {} }, 403, "forbidden"],
  [
    "a role before a version",
    "PATCH",
    at(home),
    { by: coach, body: { name: "x" }, headers: stale },
    403,
    "forbidden",
  ],
  [
    "a type before a field",
    "PATCH",
    at(home),
    { by: org_admin, body: '{"x":1}', headers: { "content-type": "text/plain" } },
    415,
    "unsupported_media_type",
  ],
  [
    "a size before a type",
    "PATCH",
    at(home),
    { by: org_admin, body: " ".repeat(1_048_577), headers: { "content-type": "text/plain" } },
    413,
    "payload_too_large",
  ],
  [
    "a body before a row",
    "PATCH",
    member(uuidv7()),
    { by: org_admin, body: { x: 1 } },
    400,
    "validation_failed",
  ],
  ["a query before a row", "GET", `/files/${uuidv7()}?x=1`, { by: org_admin }, 400, "validation_failed"],
  [
    "a body before the rule on the row",
    "PATCH",
    member(adminId),
    { by: manager, body: { x: 1 } },
    400,
    "validation_failed",
  ],
  [
    "another tenant's row before a version",
    "PATCH",
    member(foreignId),
    { by: org_admin, body: { role: "coach" }, headers: stale },
    404,
    "not_found",
  ],
  [
    "the rule on the row before a version",
    "PATCH",
    member(adminId),
    { by: manager, body: { role: "coach" }, headers: stale },
    403,
    "forbidden",
  ],
  [
    "the rule on a file before a version",
    "DELETE",
    `/files/${file.id}`,
    { by: coach, headers: stale },
    403,
    "forbidden",
  ],
  [
    "a version before the last admin",
    "PATCH",
    member(adminId),
    { by: org_admin, body: { role: "coach" }, headers: stale },
    412,
    "precondition_failed",
  ],
  [
    "a version before the last admin's end",
    "DELETE",
    member(adminId),
    { by: org_admin, headers: stale },
    412,
    "precondition_failed",
  ],
  [
    "a version before a slug that is taken",
    "PATCH",
    at(home),
    { by: org_admin, body: { slug: taken }, headers: stale },
    412,
    "precondition_failed",
  ],
  [
    "a version before a state",
    "POST",
    `/files/${file.id}/release`,
    { by: org_admin, headers: stale },
    412,
    "precondition_failed",
  ],
])("%s: %s %s", async (_, method, path, { by, body, headers = {} }, status, code) => {
  expectProblem(await call(app, method, `/api/v1${path}`, { token: by?.token, body, headers }), status, code);
});

/** Paths of the guide and all that they offer, HEAD wherever there is GET. */
test.each<[string, string]>([
  ["/me", "GET PATCH"],
  ["/me/keep-alive", "POST"],
  ["/me/step-up", "POST"],
  ["/me/auth-sessions", "DELETE GET"],
  [`/me/auth-sessions/${uuidv7()}`, "DELETE"],
  ["/organizations", "GET POST"],
  [at(home), "DELETE GET PATCH"],
  [at(home, "/settings"), "GET PATCH"],
  [at(home, "/storage"), "GET PATCH"],
  ...["suspend", "reactivate", "restore", "leave"].map((verb): [string, string] => [
    at(home, `/${verb}`),
    "POST",
  ]),
  [at(home, "/members"), "GET"],
  [member(clientId), "DELETE GET PATCH"],
  [`${member(clientId)}/revoke-sessions`, "POST"],
  [`${member(clientId)}/reset-2fa`, "POST"],
  [at(home, "/invitations"), "GET POST"],
  [at(home, "/invitations/bulk"), "POST"],
  [at(home, `/invitations/${uuidv7()}/resend`), "POST"],
  ["/invitations/some-token", "GET"],
  ["/invitations/some-token/accept", "POST"],
  ["/invitations/some-token/decline", "POST"],
  ["/files", "GET"],
  ["/files/presign", "POST"],
  ["/files/register", "POST"],
  [`/files/${file.id}`, "DELETE GET"],
  [`/files/${file.id}/stream`, "GET"],
  [`/files/${file.id}/release`, "POST"],
  ["/files/multipart", "POST"],
  [`/files/multipart/${uuidv7()}/parts`, "POST"],
  [`/files/multipart/${uuidv7()}/complete`, "POST"],
])("%s offers %s", async (path, methods) => {
  const offered = methods.split(" ");
  const allow = [...offered, ...(offered.includes("GET") ? ["HEAD"] : [])].sort().join(", ");
  const refused = await call(app, "PUT", `/api/v1${path}`, { token: org_admin.token, body: {} });
  expectProblem(refused, 405, "method_not_allowed");
  expect(refused.headers.get("allow")?.split(", ").sort().join(", ")).toBe(allow);
});

test("HEAD answers the headers of GET", async () => {
  const paths = [
    "/me",
    at(home),
    at(home, "/settings"),
    member(clientId),
    `/files/${file.id}/stream`,
    "/config/public",
  ];
  for (const path of paths) {
    const [get, head] = await Promise.all(
      ["GET", "HEAD"].map((method) => call(app, method, `/api/v1${path}`, { token: org_admin.token })),
    );
    expect([head?.status, head?.text], path).toEqual([200, ""]);
    for (const name of ["etag", "content-type", "cache-control", "content-disposition"])
      expect(head?.headers.get(name), `${path} ${name}`).toBe(get?.headers.get(name));
  }
});
