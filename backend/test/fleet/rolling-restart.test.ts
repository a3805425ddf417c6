import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call, createPlatformAdmin } from "../harness/client.ts";
import { hasNginx, startNginx } from "./nginx.ts";
import { serverProcess } from "./server-process.ts";

const restarts = 6;

describe.runIf(hasNginx)("two servers behind nginx", async () => {
  const setUp = await startTestApp({ worker: false });
  const { token } = await createPlatformAdmin(setUp);
  const { sql } = setUp.deps.database;
  const servers = await Promise.all([1, 2].map(() => serverProcess(setUp.database.appUrl)));
  const { url } = await startNginx(servers.map(({ port }) => port));

  test("are restarted one after the other without a failed request", { timeout: 180_000 }, async () => {
    await Promise.all(servers.map(({ start }) => start()));
    let running = true;
    const seen = { read: 0, made: 0 };
    const failed: string[] = [];
    const ask = async (...[method, path, init]: [string, string, Parameters<typeof call>[3]?]) => {
      try {
        const { status, text } = await call({ url }, method, path, { token, ...init });
        if (status < 300) return true;
        failed.push(`${method} ${status} ${text}`);
      } catch (error) {
        failed.push(`${method} ${error}`);
      }
      return false;
    };
    const reader = async () => {
      while (running) {
        if (await ask("GET", "/api/v1/me")) seen.read += 1;
        await pause(25);
      }
    };
    const writer = async (_: unknown, who: number) => {
      for (let n = 0; running; n += 1) {
        const body = { name: "Made", slug: `made-${who}-${n}` };
        const headers = { "idempotency-key": `make-${who}-${n}` };
        if (await ask("POST", "/api/v1/organizations", { body, headers })) seen.made += 1;
        await pause(25);
      }
    };
    const load = [...Array.from({ length: 4 }, reader), ...Array.from({ length: 2 }, writer)];

    const codes: (number | null)[] = [];
    for (let n = 0; n < restarts; n += 1) {
      const server = servers[n % servers.length];
      codes.push((await server?.stop()) ?? null);
      await server?.start();
    }
    running = false;
    await Promise.all(load);

    expect(failed).toEqual([]);
    expect(codes).toEqual(Array(restarts).fill(0));
    expect(seen.read).toBeGreaterThan(restarts);
    const [made] = await sql`select count(*)::int as n from organization where name = 'Made'`;
    expect(made?.n).toBe(seen.made);
    expect(seen.made).toBeGreaterThan(restarts);
  });
});
