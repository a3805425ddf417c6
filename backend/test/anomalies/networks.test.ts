import { isIP } from "node:net";
import { sql } from "drizzle-orm";
import fc from "fast-check";
import { expect, it } from "vitest";
import { networkOf } from "../../src/features/anomalies/anomalies.rules.ts";
import { startTestApp } from "../harness/app.ts";

const app = await startTestApp({ worker: false });

async function networksOf(texts: readonly string[]): Promise<string[]> {
  const rows = sql.join(
    texts.map((text, n) => sql`(${n}::int, ${text}::text)`),
    sql`, `,
  );
  const found = await app.deps.database.db.execute<{ network: string }>(
    sql`select ${networkOf(sql`ip`)} as network from (values ${rows}) as v (n, ip) order by n`,
  );
  return found.rows.map(({ network }) => network);
}

it("an address counts by its network, and a zone is no part of it", async () => {
  const addresses = ["203.0.113.77", "2001:db8:1:2::5", "fe80::1%eth0", "::", "1:2:3:4:5:6:7:8"];
  expect(await networksOf(addresses)).toEqual([
    "203.0.113.0/24",
    "2001:db8:1::/48",
    "fe80::/48",
    "::/48",
    "1:2:3::/48",
  ]);
});

it("a text that is no address counts as itself, whatever it is, and every usual address as one", async () => {
  const almost = fc.stringMatching(/^[0-9a-f:.%]{0,24}$/);
  const zoned = fc.tuple(fc.oneof(fc.ipV4(), fc.ipV6()), almost).map(([ip, zone]) => `${ip}%${zone}`);
  const texts = fc.array(fc.oneof(almost, zoned, fc.ipV4(), fc.ipV6(), fc.string({ maxLength: 12 })), {
    minLength: 200,
  });
  await fc.assert(
    fc.asyncProperty(texts, async (drawn) => {
      const plain = drawn.filter((text) => !text.includes("\0"));
      const networks = await networksOf(plain);
      for (const [n, text] of plain.entries())
        if (isIP(text) === 4) expect(networks[n]).toMatch(/\/24$/);
        else if (!isIP(text.split("%")[0] ?? "")) expect(networks[n]).toBe(text);
    }),
    { numRuns: 10 },
  );
});
