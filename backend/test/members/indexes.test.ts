import postgres from "postgres";
import { expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call, createPlatformAdmin, createTenant, type Person } from "../harness/client.ts";

const app = await startTestApp({ worker: false });
const { sql } = app.deps.database;
const { organizationId, people } = await createTenant(app);
const admin = await createPlatformAdmin(app);
const members = `/api/v1/organizations/${organizationId}/members`;

// Enough that walking over all of them is not the way.
await sql`
  with many as (
    insert into "user" (id, name, email)
    select uuidv7(), 'Someone ' || n, 'someone-' || n || '@example.test' from generate_series(1, 3000) as n
    returning id
  )
  insert into member (id, organization_id, user_id, role)
  select uuidv7(), ${organizationId}, id, 'client' from many`;
const superuser = postgres(app.database.superUrl, { max: 1 });
await superuser`analyze`;
await superuser.end();

/** The last statement that a request sends. */
async function statementOf(path: string, { token }: Person): Promise<string> {
  app.statements.length = 0;
  expect((await call(app, "GET", path, { token })).status).toBe(200);
  return app.statements.at(-1) ?? "";
}

/** How the database answers that, whatever the values, if walking over all rows were very slow. */
async function planOf(statement: string): Promise<string> {
  return sql.begin(async (tx) => {
    await tx`set local enable_seqscan = off`;
    await tx`set local enable_indexscan = off`;
    const lines = await tx.unsafe(`explain (generic_plan) ${statement}`).simple();
    return lines.map((line) => line["QUERY PLAN"]).join("\n");
  });
}

/** What is asked of name and address. */
const conditionOf = (statement: string) =>
  /\(lower\("user"."name".*"email" like [^)]*\)\)/.exec(statement)?.[0].replaceAll(/\$\d+/g, "$");

test("a part of a name or an address is looked up in an index, in both lists alike", async () => {
  const ofPeople = await statementOf("/api/v1/platform/users?q=Someone", admin);
  const plan = await planOf(ofPeople);
  // Once for the name and once for the address.
  expect(plan.match(/Bitmap Index Scan on user_search_idx/g), plan).toHaveLength(2);
  const ofMembers = await statementOf(`${members}?q=Someone`, people.org_admin);
  expect(conditionOf(ofPeople)).toBeDefined();
  expect(conditionOf(ofMembers)).toBe(conditionOf(ofPeople));
});

test("members of a role are looked up in an index", async () => {
  const statement = await statementOf(`${members}?role=coach`, people.org_admin);
  expect(await planOf(statement)).toContain("on member_role_list_idx");
});

test.each([
  ["JÖRG", "Jörg Weiß", 1],
  ["weiß", "JÖRG WEIẞ", 1],
  ["οδυσσ", "ΟΔΥΣΣΕΥΣ", 1],
  ["dys", "a%d_ys\\", 0],
  ["%d_", "a%d_ys\\", 1],
  ["s\\", "a%d_ys\\", 1],
  ["ö", "Jörg", 1],
  ["rg w", "Jörg Weiß", 1],
  ["日本", "山田 日本太郎", 1],
])("%j in %j is found alike with the index and without", async (q, name, count) => {
  const { userId } = people.client;
  await sql`update "user" set name = ${name} where id = ${userId}`;
  const found = await call(app, "GET", `${members}?q=${encodeURIComponent(q)}`, people.org_admin);
  const indexed = await sql.begin(async (tx) => {
    await tx`set local enable_seqscan = off`;
    await tx`set local enable_indexscan = off`;
    const pattern = `%${q.replace(/[\\%_]/g, "\\$&")}%`;
    return tx`select 1 from "user" where id = ${userId}
      and lower(name collate "und-x-icu") like lower(${pattern}::text collate "und-x-icu")`;
  });
  const named = found.json.data.filter((one: { userId: string }) => one.userId === userId);
  expect([named.length, indexed.length]).toEqual([count, count]);
});
