import { describe, expect, it } from "vitest";
import { deleteFile, getFile, objectKeys, stream } from "../files/client.ts";
import { pdf } from "../files/samples.ts";
import { call } from "../harness/client.ts";
import { ownClamd, sharedClamd } from "./clamd.ts";
import { eicar } from "./samples.ts";
import { fakeServer } from "./sockets.ts";
import { becomes, createScanWorld, scanRest, send } from "./world.ts";

const shared = sharedClamd();

const readiness = async (app: { url: string }) => {
  const { status, json } = await call(app, "GET", "/health/ready");
  return { status, scanner: json.checks.scanner };
};

if (shared)
  describe.each(["on", "required"])("a scanner that is down, with SCAN=%s", async (SCAN) => {
    const clamd = await ownClamd();
    const { app, home } = await createScanWorld({ SCAN, ...clamd.settings });
    const { org_admin: boss, client } = home.people;

    it("makes uploads wait; when it is back, each is judged, and everything else works meanwhile", async () => {
      expect(await readiness(app)).toEqual({ status: 200, scanner: "degraded" });
      const clean = await send(app, home, pdf, "clean.pdf");
      const infected = await send(app, home, eicar, "bad.bin");
      await expect(scanRest(app)).rejects.toMatchObject({ code: "unavailable" });
      for (const { id } of [clean, infected]) {
        expect((await getFile(app, boss.token, id)).json.status).toBe("processing");
        expect((await stream(app, boss.token, id)).status).toBe(409);
        expect((await getFile(app, client.token, id)).status).toBe(403);
      }

      clamd.start();
      await scanRest(app);
      await becomes(app, boss.token, clean.id, "ready");
      await becomes(app, boss.token, infected.id, "quarantined");
      await expect.poll(() => readiness(app), { timeout: 15_000 }).toEqual({ status: 200, scanner: "ok" });
    });

    it("killed while files are on their way to it, judges them after it has come back", async () => {
      const sent = Promise.all(Array.from({ length: 6 }, (_, i) => send(app, home, eicar, `${i}.bin`)));
      clamd.kill();
      const files = await sent;
      clamd.start();
      await scanRest(app);
      for (const { id } of files) await becomes(app, boss.token, id, "quarantined");
    });
  });

describe("a scanner in trouble", () => {
  it("that swallows the bytes makes a file wait, which can be deleted meanwhile", async () => {
    const { port, sockets } = await fakeServer((socket) => socket.resume());
    const { app, home } = await createScanWorld({
      SCAN: "required",
      CLAMD_HOST: "127.0.0.1",
      CLAMD_PORT: String(port),
      SCAN_TIMEOUT: "20",
    });
    const { org_admin: boss } = home.people;
    const { id } = await send(app, home, pdf, "waits.pdf");
    await expect.poll(() => sockets.size, { timeout: 15_000 }).toBeGreaterThan(0);
    expect((await stream(app, boss.token, id)).status).toBe(409);
    expect((await deleteFile(app, boss.token, id)).status).toBe(204);
    // The verdict comes too late for a file that is gone.
    for (const socket of sockets) socket.end("stream: OK\0");
    await expect.poll(() => objectKeys(app, "objects/"), { timeout: 15_000 }).toEqual([]);
    expect((await getFile(app, boss.token, id)).status).toBe(404);
  });
});
