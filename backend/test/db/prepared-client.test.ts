import { eq } from "drizzle-orm";
import { v7 as uuidv7 } from "uuid";
import { afterAll, describe, expect, it } from "vitest";
import { createDatabase } from "../../src/db/client.ts";
import { organization } from "../../src/db/schema/index.ts";
import { testDatabase } from "../harness/database.ts";

const { appUrl } = await testDatabase();
const database = createDatabase(appUrl, { max: 1 });
afterAll(() => database.close());

describe("statements", () => {
  it("are prepared once a connection, in a transaction or not", async () => {
    const find = (db: Pick<typeof database.db, "select">) =>
      db.select({ slug: organization.slug }).from(organization).where(eq(organization.id, uuidv7()));
    await find(database.db);
    await find(database.db);
    await database.db.transaction((tx) => find(tx));
    const { rows } = await database.query({
      text: `select (generic_plans + custom_plans)::int as runs from pg_prepared_statements
        where statement like 'select "slug"%'`,
    });
    expect(rows).toEqual([{ runs: 3 }]);
  });

  it("of endless variety do not fill a connection", async () => {
    for (let i = 0; i < 600; i++) await database.query({ text: `select $1::int as n${i}`, values: [i] });
    const { rows } = await database.query<{ count: number }>({
      text: "select count(*)::int from pg_prepared_statements",
    });
    expect(rows[0]?.count).toBeLessThanOrEqual(500);
  });
});

it("lets PostgreSQL find out soon that a server has vanished, whose locks would stay", async () => {
  const { rows } = await database.query({
    text: `select sum(setting::int)::int as seconds from pg_settings
      where name in ('tcp_keepalives_idle', 'tcp_keepalives_interval')`,
  });
  expect(rows).toEqual([{ seconds: 15 }]);
});
