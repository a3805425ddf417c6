import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call, createTenant } from "../harness/client.ts";
import { newAddress } from "../invitations/inbox.ts";
import { memberIdOf } from "../members/members.ts";

const app = await startTestApp({ worker: false, env: { ORGANIZATION_SIGNUP: "open" } });
const { organizationId, people } = await createTenant(app);
const neighbour = await createTenant(app);
const memberId = await memberIdOf(app, organizationId, people.client);
const { token } = people.org_admin;
const here = `/api/v1/organizations/${organizationId}`;
const ask = (method: string, path: string, body?: unknown) => call(app, method, path, { token, body });
const slugOf = async (id: string) => {
  const [row] = await app.deps.database.sql<
    { slug: string }[]
  >`select slug from organization where id = ${id}`;
  return row?.slug ?? "";
};

const strangeRoles = ["king", "platform_admin", "Org_Admin", "owner", "", "client ", null, 1, ["client"], {}];

test.each(strangeRoles.map((role) => [role]))(
  "the role %j is nobody's, and the answer says so",
  async (role) => {
    const invalid = { status: 400, json: { code: "validation_failed", details: [{ field: "role" }] } };
    expect(await ask("PATCH", `${here}/members/${memberId}`, { role })).toMatchObject(invalid);
    expect(await ask("POST", `${here}/invitations`, { email: newAddress(), role })).toMatchObject(invalid);
    const bulk = await ask("POST", `${here}/invitations/bulk`, {
      invitations: [{ email: newAddress(), role }],
    });
    // Text that is no role fails its row; what is no text at all is no row.
    if (typeof role === "string")
      expect(bulk).toMatchObject({
        status: 200,
        json: {
          data: [{ status: "failed", code: "validation_failed", message: expect.stringMatching(/^role: /) }],
        },
      });
    else
      expect(bulk).toMatchObject({
        status: 400,
        json: { code: "validation_failed", details: [{ field: "invitations.0.role" }] },
      });
  },
);

test("a slug that is taken is a conflict that names the field, when it is chosen and when it is changed", async () => {
  const taken = { status: 409, json: { code: "conflict", details: [{ field: "slug" }] } };
  const slug = await slugOf(neighbour.organizationId);
  expect(await ask("POST", "/api/v1/organizations", { name: "Another", slug })).toMatchObject(taken);
  expect(await ask("PATCH", here, { slug })).toMatchObject(taken);
  expect(await ask("PATCH", here, { slug: await slugOf(organizationId) })).toMatchObject({ status: 200 });
});

test("of twenty who choose one slug at once one gets it", async () => {
  const slug = `s-${randomUUID()}`;
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => ask("POST", "/api/v1/organizations", { name: "Mine", slug })),
  );
  expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(19).fill(409)]);
  for (const { status, json } of answers)
    if (status === 409) expect(json.details).toMatchObject([{ field: "slug" }]);
});
