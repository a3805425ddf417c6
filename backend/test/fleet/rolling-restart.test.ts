import { createHash, randomBytes } from "node:crypto";
import { expect, test, vi } from "vitest";
import { documentOf, presign, register, type Signed, stream } from "../files/client.ts";
import { startFleetApp } from "../harness/app.ts";
import { createTenant, uploadFile } from "../harness/client.ts";
import { refused } from "../harness/refused.ts";
import type { ServerProcess } from "../harness/server-process.ts";
import { mailJobs } from "../harness/waiting-mails.ts";
import { newAddress, pathOf } from "../invitations/inbox.ts";
import { type Asked, reading, steadyLoad } from "./load.ts";
import { type Held, holdDownload, holdUpload } from "./transfers.ts";

const restarts = 20;
/** Every so often there are transfers under way when a server is told to stop. */
const transfersEvery = 4;
const patience = { timeout: 30_000, interval: 20 };

// Shorter than by default, so that a server need not wait long for nginx to let go of what it does not use.
const app = await startFleetApp({ keptFor: "1s" });
const tenants = [await createTenant(app), await createTenant(app)];
const [home] = tenants as [(typeof tenants)[0]];
const { token } = home.people.org_admin;

// More than the sockets of two hops hold.
const stored = randomBytes(48 * 1024 * 1024);
const file = await uploadFile(app, token, stored, documentOf(home));
await vi.waitFor(
  async () => expect((await stream(app, token, file.id, { method: "HEAD" })).status).toBe(200),
  patience,
);
const sha256 = createHash("sha256").update(stored).digest("hex");
const sent = randomBytes(256 * 1024);
const document = documentOf(home, { size: sent.length });

/** A download and an upload by nginx, and one of each at the very server that is about to stop. */
async function beginTransfers(server: ServerProcess): Promise<{ held: Held[]; uploads: Signed[] }> {
  const uploads: Signed[] = [];
  const held: Held[] = [];
  for (const base of [app.url, server.url]) {
    const url = `${base}/api/v1/files/${file.id}/stream`;
    held.push(await holdDownload({ url, token, sha256 }));
    const signed = (await presign(app, token, document)).json;
    uploads.push(signed);
    const { uploadUrl, headers } = signed;
    held.push(await holdUpload({ url: uploadUrl.replace(app.url, base), headers, bytes: sent }));
  }
  return { held, uploads };
}

const readers = tenants.flatMap(({ organizationId, people }) => [
  reading(people.client.token),
  reading(people.coach.token, `/api/v1/organizations/${organizationId}`),
]);
/** Mostly changes of a name, and an invitation now and then, which the worker of either server mails. */
const writers = tenants.map(({ organizationId, people }) => (n: number): Asked => {
  const { token } = people.org_admin;
  const headers = { "idempotency-key": `${organizationId}-${n}` };
  if (n % 5 === 0) {
    const body = { email: newAddress(), role: "client" };
    return { method: "POST", path: pathOf(organizationId), init: { token, headers, body } };
  }
  return { method: "PATCH", path: "/api/v1/me", init: { token, body: { name: `Name ${n}` } } };
});

test(`two servers are restarted ${restarts} times, one after the other, without a failed request`, {
  timeout: 400_000,
}, async () => {
  const load = steadyLoad(app.url, [...readers, ...writers]);
  const [codes, transfers]: [(number | null)[], string[]] = [[], []];
  for (let n = 0; n < restarts; n += 1) {
    const server = app.servers[n % app.servers.length] as ServerProcess;
    const begun = n % transfersEvery === 0 ? await beginTransfers(server) : undefined;
    const stopped = server.stop();
    if (begun) {
      await refused(server.port, patience.timeout);
      transfers.push(...(await Promise.all(begun.held.map((one) => one.finish()))));
      for (const { storageKey } of begun.uploads) {
        const { status, text } = await register(app, token, storageKey);
        transfers.push(status === 201 ? "ok" : text);
      }
    }
    codes.push(await stopped);
    await server.start();
  }
  await load.end();

  expect(load.failed).toEqual([]);
  expect(transfers).toEqual(Array((restarts / transfersEvery) * 6).fill("ok"));
  expect(codes).toEqual(Array(restarts).fill(0));
  expect(Math.min(load.done.GET ?? 0, load.done.POST ?? 0, load.done.PATCH ?? 0)).toBeGreaterThan(restarts);
  const { sql } = app.deps.database;
  const [made] = await sql`select count(*)::int as n from invitation`;
  expect(made?.n).toBe(load.done.POST);
  // A worker that stops finishes what it does: no mail had to be tried again.
  await vi.waitFor(async () => {
    const invited = new Set((await sql`select email from invitation`).map(({ email }) => email));
    const jobs = (await mailJobs(app)).filter(({ to }) => invited.has(to));
    expect(jobs).toHaveLength(load.done.POST ?? 0);
    expect(jobs.filter(({ state, retries }) => state !== "completed" || retries > 0)).toEqual([]);
  }, patience);
});
