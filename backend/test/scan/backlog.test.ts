import { describe, expect, it, vi } from "vitest";
import type { ScannerPort } from "../../src/adapters/scanner/port.ts";
import { createFileScan } from "../../src/features/files/files.scan.ts";
import { filesDeps } from "../faults/crash.world.ts";
import { documentOf } from "../files/client.ts";
import { pdf } from "../files/samples.ts";
import { startTestApp } from "../harness/app.ts";
import { createTenant, uploadFile } from "../harness/client.ts";

const app = await startTestApp({ worker: false });
const tenant = await createTenant(app);
const { token } = tenant.people.org_admin;
const { sql } = app.deps.database;

describe("a file that takes the scanner a whole run", () => {
  it("does not keep the next run from those behind it, and has its turn again", async () => {
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) ids.push((await uploadFile(app, token, pdf, documentOf(tenant))).id);
    await sql`update file set updated_at = now() - interval '1 hour'`;
    let now = 0;
    const clock = vi.spyOn(performance, "now").mockImplementation(() => now);
    let stuck = true;
    const scanner: ScannerPort = {
      async scan(bytes) {
        bytes.destroy();
        if (!stuck) return { is: "clean" };
        now += 60 * 60 * 1000;
        throw new Error("timed out");
      },
      check: async () => undefined,
    };
    const { schedules } = createFileScan({ ...filesDeps(app), scanning: { mode: "required", scanner } });
    const unscanned = async () =>
      (await sql`select id from file where scanned_at is null order by id`).map(({ id }) => id);
    await expect(schedules[0]?.run()).rejects.toThrow("timed out");
    stuck = false;
    await schedules[0]?.run();
    expect(await unscanned()).toEqual([ids[0]]);
    await schedules[0]?.run();
    expect(await unscanned()).toEqual([]);
    clock.mockRestore();
  });
});
