import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { describe, expect, it, vi } from "vitest";
import { createSlots } from "../../src/features/files/files.slots.ts";
import { startTestApp, type TestApp } from "../harness/app.ts";
import { createTenant, uploadFile } from "../harness/client.ts";
import { documentOf, stream } from "./client.ts";
import { document, MIB, picture } from "./samples.ts";
import { s3Settings } from "./world.ts";

const perPerson = 20;

describe("slots for streams", () => {
  it("go back however often they are given back, and leave nothing behind", async () => {
    const slots = createSlots();
    const taken = await Promise.all(Array.from({ length: perPerson }, () => slots.take("a")));
    const other = await slots.take("b");
    expect(slots.people()).toBe(2);
    for (const release of [...taken, ...taken, other, other]) release();
    expect(slots.people()).toBe(0);
  });

  it("are handed on to who waits, in order", async () => {
    const slots = createSlots();
    const taken = await Promise.all(Array.from({ length: perPerson }, () => slots.take("a")));
    const order: number[] = [];
    const waiting = [1, 2].map(async (n) => {
      const release = await slots.take("a");
      order.push(n);
      return release;
    });
    for (const release of taken.splice(0, 2)) release();
    for (const release of [...(await Promise.all(waiting)), ...taken]) release();
    expect(order).toEqual([1, 2]);
    expect(slots.people()).toBe(0);
  });

  it("are refused after a wait, and at once where too many wait; the others keep theirs", async () => {
    vi.useFakeTimers();
    try {
      const slots = createSlots();
      const taken = await Promise.all(Array.from({ length: perPerson }, () => slots.take("a")));
      const waiting = Array.from({ length: 100 }, () => slots.take("a").catch((error: unknown) => error));
      await expect(slots.take("a")).rejects.toMatchObject({ code: "rate_limited" });
      vi.advanceTimersByTime(3000);
      expect(new Set((await Promise.all(waiting)).map((it) => (it as { code: string }).code))).toEqual(
        new Set(["rate_limited"]),
      );
      for (const release of taken) release();
      expect(slots.people()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });
});

const apps: [string, TestApp][] = [["disk", await startTestApp()]];
const endpoint = process.env.S3_ENDPOINT;
if (endpoint !== undefined) apps.push(["S3", await startTestApp({ env: await s3Settings(endpoint) })]);

describe.each(apps)("streams of a person from %s", async (_, app) => {
  const tenant = await createTenant(app);
  const { org_admin: boss, client } = tenant.people;

  /** A stream whose reader takes a pause. */
  async function open(id: string, token: string): Promise<IncomingMessage> {
    const headers = { authorization: `Bearer ${token}` };
    const request = get(`${app.url}/api/v1/files/${id}/stream`, { headers, agent: false });
    const [response] = (await once(request, "response")) as [IncomingMessage];
    response.on("error", () => undefined);
    await once(response, "readable");
    return response;
  }

  it("are twenty at a time: one more is 429 with Retry-After, others have their own, and an end makes room", async () => {
    const { id } = await uploadFile(app, boss.token, document(8 * MIB), documentOf(tenant));
    const readers = await Promise.all(Array.from({ length: perPerson }, () => open(id, client.token)));
    expect(readers.map(({ statusCode }) => statusCode)).toEqual(Array(perPerson).fill(200));
    const refused = await stream(app, client.token, id);
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "3"]);
    expect(JSON.parse(refused.bytes.toString())).toMatchObject({ code: "rate_limited", limit: perPerson });
    // Opens nothing.
    expect((await stream(app, client.token, id, { method: "HEAD" })).status).toBe(200);
    expect((await stream(app, boss.token, id)).bytes.length).toBe(8 * MIB);
    readers.pop()?.destroy();
    expect((await stream(app, client.token, id)).status).toBe(200);
    for (const reader of readers) reader.destroy();
    const again = await Promise.all(Array.from({ length: perPerson }, () => open(id, client.token)));
    for (const reader of again) reader.destroy();
  });

  it("keep none for somebody who hung up while waiting for a turn", async () => {
    const { id } = await uploadFile(app, boss.token, document(8 * MIB), documentOf(tenant));
    const readers = await Promise.all(Array.from({ length: perPerson }, () => open(id, client.token)));
    const headers = { authorization: `Bearer ${client.token}` };
    const path = `${app.url}/api/v1/files/${id}/stream`;
    const waiting = Array.from({ length: 30 }, () =>
      get(path, { headers, agent: false }).on("error", () => undefined),
    );
    // Whoever asks after them waits behind them, and its turn comes when theirs are over.
    await Promise.all(waiting.map((request) => once(request, "finish")));
    const last = stream(app, client.token, id);
    for (const request of waiting) request.destroy();
    for (const reader of readers) reader.destroy();
    expect((await last).status).toBe(200);
    const again = await Promise.all(Array.from({ length: perPerson }, () => open(id, client.token)));
    expect(again.map(({ statusCode }) => statusCode)).toEqual(Array(perPerson).fill(200));
    for (const reader of again) reader.destroy();
  });

  it("take turns where they are short: a page of a hundred pictures comes whole", async () => {
    const { id } = await uploadFile(app, boss.token, picture(), {
      target: "avatar",
      fileName: "me.png",
      contentType: "image/png",
    });
    const answers = await Promise.all(Array.from({ length: 100 }, () => stream(app, boss.token, id)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    for (let i = 0; i < perPerson + 5; i++)
      expect((await stream(app, boss.token, crypto.randomUUID())).status).toBe(404);
    expect((await stream(app, boss.token, id)).status).toBe(200);
  });
});
