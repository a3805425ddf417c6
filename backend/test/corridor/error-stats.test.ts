import { expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call, createPerson, createPlatformAdmin } from "../harness/client.ts";

const METRICS_TOKEN = "m9Xk2Lq7Vb4Nz8Rt1Wc6Yp3Hd5Gf0JsA";
const app = await startTestApp({ worker: false, env: { METRICS_TOKEN } });
const admin = await createPlatformAdmin(app);
const person = await createPerson(app);
const stats = (token?: string, path = "/api/v1/errors/stats") => call(app, "GET", path, { token });

test("counts failures by class and by code since the start", async () => {
  const before = (await stats(admin.token)).json;
  await call(app, "GET", "/api/v1/organizations", { token: person.token });
  await call(app, "GET", "/api/v1/nothing", { token: person.token });
  await call(app, "GET", "/api/v1/nothing", { token: person.token });
  await call(app, "PATCH", "/api/v1/me", { token: person.token, body: "{" });
  await call(app, "GET", "/health");
  await expect.poll(async () => (await stats(admin.token)).json.total - before.total).toBe(4);
  const after = (await stats(admin.token)).json;
  expect(Date.parse(after.since)).toBeLessThan(Date.now());
  expect(after.since).toBe(before.since);
  expect(after.byClass["4xx"] - before.byClass["4xx"]).toBe(4);
  expect(after.byClass["5xx"]).toBe(before.byClass["5xx"]);
  const grown = (code: string) => after.byCode[code] - (before.byCode[code] ?? 0);
  expect([grown("forbidden"), grown("not_found"), grown("malformed_json")]).toEqual([1, 2, 1]);
});

test("a monitor reads them with its token, at both aliases, and nothing else", async () => {
  expect((await stats(METRICS_TOKEN)).status).toBe(200);
  expect((await stats(METRICS_TOKEN, "/api/errors/stats")).status).toBe(200);
  for (const path of ["/api/v1/me", "/api/v1/organizations", "/api/v1/errors", "/api/v1/errors/stats/x"])
    expect((await stats(METRICS_TOKEN, path)).status, path).toBe(401);
  const write = await call(app, "POST", "/api/v1/errors/stats", { token: METRICS_TOKEN });
  expect([401, 405]).toContain(write.status);
});

test("nobody else does", async () => {
  for (const token of [undefined, "wrong", `${METRICS_TOKEN}x`, METRICS_TOKEN.slice(0, -1), "undefined"])
    expect((await stats(token)).status, token).toBe(401);
  expect((await stats(person.token)).status).toBe(403);
});

test("without a configured token no token stands for a monitor", async () => {
  const plain = await startTestApp({ worker: false, database: app.database });
  for (const token of [METRICS_TOKEN, "undefined", "null"])
    expect((await call(plain, "GET", "/api/v1/errors/stats", { token })).status, token).toBe(401);
});
