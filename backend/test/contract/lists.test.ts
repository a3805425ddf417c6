import { expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call, createPlatformAdmin, createTenant, uploadFile } from "../harness/client.ts";
import { invite, newAddress } from "../invitations/inbox.ts";
import { tokenOf } from "../sign-in/account.ts";
import { expectPage, expectProblem, type Shape } from "./shapes.ts";

const app = await startTestApp({ worker: false });
const [home, , admin] = await Promise.all([createTenant(app), createTenant(app), createPlatformAdmin(app)]);
const { organizationId, people } = home;
const { org_admin } = people;
const document = { target: "organizationFile", organizationId, fileName: "a.txt", contentType: "text/plain" };
for (let i = 0; i < 3; i++) {
  await invite(app, organizationId, org_admin, newAddress());
  await uploadFile(app, org_admin.token, new TextEncoder().encode(`file ${i}`), document);
  await tokenOf(app, org_admin.email);
}

const here = `/api/v1/organizations/${organizationId}`;
const lists: [string, Shape, string][] = [
  ["/api/v1/me/auth-sessions?", "authSession", org_admin.token],
  ["/api/v1/organizations?", "organization", admin.token],
  [`${here}/members?`, "member", org_admin.token],
  [`${here}/invitations?`, "invitation", org_admin.token],
  [`/api/v1/files?organizationId=${organizationId}&`, "file", org_admin.token],
];
const page = (path: string, query: string, token: string) => call(app, "GET", `${path}${query}`, { token });
type Row = Record<string, string>;
/** Rows that this file made through the API; the harness gives others ids that say nothing of their time. */
const ofThisFile: readonly Shape[] = ["authSession", "invitation", "file"];

test.each(lists)("%s is read page by page, newest first, each row once", async (path, shape, token) => {
  const whole = await page(path, "limit=100", token);
  expectPage(whole, shape);
  expect(whole.json.page).toEqual({ nextCursor: null, hasMore: false });
  const times = whole.json.data.map((row: Row) => Date.parse(row.createdAt ?? ""));
  if (ofThisFile.includes(shape)) expect(times).toEqual(times.toSorted((a: number, b: number) => b - a));

  const seen: Row[] = [];
  let cursor: string | null = "";
  while (cursor !== null) {
    const query: string = cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const { json } = await page(path, `limit=1${query}`, token);
    expect(json.page.hasMore).toBe(json.page.nextCursor !== null);
    seen.push(...json.data);
    cursor = json.page.nextCursor;
  }
  expect(seen.map(({ id }) => id)).toEqual(whole.json.data.map(({ id }: Row) => id));
});

test("a cursor belongs to its list, its filter and its organization", async () => {
  const cursors = await Promise.all(
    lists.map(async ([path, , token]) => (await page(path, "limit=1", token)).json.page.nextCursor as string),
  );
  for (const [i, [path, , token]] of lists.entries())
    for (const [j, cursor] of cursors.entries())
      if (i !== j) expectProblem(await page(path, `cursor=${cursor}`, token), 400, "invalid_cursor");
  const members = `${here}/members?role=coach&`;
  expectProblem(await page(members, `cursor=${cursors[2]}`, org_admin.token), 400, "invalid_cursor");
  const files = `/api/v1/files?organizationId=${organizationId}&target=organizationFile&`;
  expectProblem(await page(files, `cursor=${cursors[4]}`, org_admin.token), 400, "invalid_cursor");
});
