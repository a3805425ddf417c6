import { sql } from "drizzle-orm";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createDatabase } from "../../src/db/client.ts";
import { documentOf, getFile, presign, register, stagedObject, upload } from "../files/client.ts";
import { pdf } from "../files/samples.ts";
import { startTestApp } from "../harness/app.ts";
import { call, createTenant, password, uploadFile } from "../harness/client.ts";
import { testDatabase } from "../harness/database.ts";
import { createDatabaseProxy } from "./database-proxy.ts";

const real = await testDatabase();
const proxy = await createDatabaseProxy(real.appUrl);
const app = await startTestApp({ database: { ...real, appUrl: proxy.url } });
const direct = postgres(real.appUrl, { max: 3, onnotice: () => undefined });
afterAll(() => direct.end());
const tenant = await createTenant(app);
const { token, email } = tenant.people.org_admin;
const file = await uploadFile(app, token, pdf, documentOf(tenant));

interface OpenApi {
  readonly paths: Record<string, Record<string, { security?: object[] }>>;
}
const openApi = (await (await fetch(`${app.url}/api/v1/openapi.json`)).json()) as OpenApi;

interface Answer {
  readonly name: string;
  readonly status: number;
  readonly text: string;
  readonly ms: number;
}

async function timed(method: string, path: string, init: Parameters<typeof call>[3] = {}): Promise<Answer> {
  const began = performance.now();
  const { status, text } = await call(app, method, path, init);
  return { name: `${method} ${path}`, status, text, ms: performance.now() - began };
}

function expectUnavailable({ name, status, text, ms }: Answer): void {
  expect(status, `${name}: ${text}`).toBe(503);
  expect(JSON.parse(text).code, name).toBe("unavailable");
  expect(ms, name).toBeLessThan(5000);
}

const me = () => timed("GET", "/api/v1/me", { token });
const patience = { timeout: 15_000, interval: 100 };
/** A job that failed while the database was away waits for its next turn. */
const untilRetried = { timeout: 60_000, interval: 250 };

async function restore(): Promise<void> {
  await proxy.turn("open");
  await vi.waitFor(async () => expect((await me()).status).toBe(200), patience);
}

/** The parts are asked once a second: an answer may be as old as that. */
function firstUnready(): Promise<Answer> {
  const ask = async () => {
    const answer = await timed("GET", "/health/ready");
    expect(answer.status).toBe(503);
    return answer;
  };
  return vi.waitFor(ask, { timeout: 8000, interval: 200 });
}

/** Every signed-in operation of the OpenAPI document, with ids filled in. */
function everyOperation(): Promise<Answer[]> {
  const ids: Record<string, string> = { organizationId: tenant.organizationId, fileId: file.id };
  const requests = Object.entries(openApi.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, { security = [] }]) => security.length > 0 && !path.startsWith("/api/auth"))
      .map(([method]) => {
        const filled = path.replace(/\{(\w+)\}/g, (_, name) => ids[name] ?? crypto.randomUUID());
        const body = ["post", "put", "patch"].includes(method) ? { body: {} } : {};
        const url = filled.startsWith("/api") ? filled : `/api/v1${filled}`;
        return timed(method.toUpperCase(), url, { token, ...body });
      }),
  );
  return Promise.all(requests);
}

describe.each(["cut", "blackHole"] as const)("while the way to the database is: %s", (way) => {
  let operations: Answer[];
  let signIn: Answer[];
  let many: Answer[];
  let ready: Answer;
  let live: Answer;

  beforeAll(async () => {
    await proxy.turn(way);
    [operations, signIn, many, ready, live] = await Promise.all([
      everyOperation(),
      Promise.all([
        timed("POST", "/api/auth/sign-in/email", { body: { email, password } }),
        timed("POST", "/api/auth/sign-up/email", {
          body: { name: "A", email: "new@example.test", password },
        }),
      ]),
      Promise.all(Array.from({ length: 60 }, me)),
      firstUnready(),
      timed("GET", "/health/live"),
    ]);
    await restore();
  });

  it("every operation answers 503 within 5 s", () => {
    expect(operations.length).toBeGreaterThan(8);
    for (const answer of operations) expectUnavailable(answer);
  });

  it("sign-in and sign-up answer 503 within 5 s, too", () => {
    for (const answer of signIn) expectUnavailable(answer);
  });

  it("more requests than there are connections answer 503 within 5 s each", () => {
    for (const answer of many) expectUnavailable(answer);
  });

  it("readiness tells, and liveness goes on", async () => {
    expect(ready.ms).toBeLessThan(5000);
    expect(JSON.parse(ready.text).checks).toMatchObject({ database: "down" });
    expect(live.status).toBe(200);
    await vi.waitFor(
      async () => expect((await call(app, "GET", "/health/ready")).json).toMatchObject({ status: "ok" }),
      patience,
    );
  });

  it("requests that wait for a statement answer 503 within 5 s, and did nothing", async () => {
    const [held, locked] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const lock = direct.begin(async (tx) => {
      await tx`select 1 from file where id = ${file.id} for update`;
      locked.resolve();
      await held.promise;
    });
    await locked.promise;
    const waiting = Array.from({ length: 5 }, () => timed("DELETE", `/api/v1/files/${file.id}`, { token }));
    await vi.waitFor(async () => {
      const [row] = await direct`select count(*)::int as n from pg_stat_activity
        where wait_event_type = 'Lock' and datname = current_database()`;
      expect(row?.n).toBe(5);
    });
    await proxy.turn(way);
    for (const answer of await Promise.all(waiting)) expectUnavailable(answer);
    await restore();
    held.resolve();
    await lock;
    const answers = await Promise.all(Array.from({ length: 20 }, me));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    // Closed by the proxy, so the server rolls back what waited.
    await vi.waitFor(async () => {
      const rows = await direct`select 1 from pg_stat_activity
        where state <> 'idle' and datname = current_database() and pid <> pg_backend_pid()`;
      expect(rows).toHaveLength(0);
    }, patience);
    expect((await getFile(app, token, file.id)).status).toBe(200);
  });
});

describe("transactions that cannot even begin", () => {
  it("give their connections back", async () => {
    const database = createDatabase(proxy.url, { max: 2 });
    const select = () => database.db.execute(sql`select 1`);
    await Promise.all([select(), select()]);
    await proxy.turn("blackHole");
    const begun = await Promise.allSettled(
      [1, 2].map(() => database.db.transaction(async (tx) => tx.execute(sql`select 1`))),
    );
    expect(begun.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    await proxy.turn("open");
    await vi.waitFor(() => expect(select()).resolves.toBeDefined(), { timeout: 2000, interval: 50 });
    await database.close();
    await restore();
  });
});

describe("after the database was away", () => {
  it("uploads work again, jobs included", async () => {
    await proxy.turn("cut");
    expect((await presign(app, token, documentOf(tenant, { size: 10 }))).status).toBe(503);
    await restore();
    const signed = await vi.waitFor(() => upload(app, token, pdf, documentOf(tenant)), patience);
    const again = await vi.waitFor(async () => {
      const answer = await register(app, token, signed.storageKey);
      expect(answer.status, answer.text).toBe(201);
      return answer.json;
    }, patience);
    expect((await getFile(app, token, again.id)).json.status).toBe("ready");
    await vi.waitFor(async () => expect(await stagedObject(app, signed)).toBeNull(), untilRetried);
  }, 90_000);
});
