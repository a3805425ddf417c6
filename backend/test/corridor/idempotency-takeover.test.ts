import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import type { Claim, HeldKey, RequestKey, StoredAnswer } from "../../src/adapters/idempotency/port.ts";
import { createIdempotencyStore } from "../../src/adapters/idempotency/store.ts";
import { startTestApp } from "../harness/app.ts";
import { call, createPerson, createPlatformAdmin } from "../harness/client.ts";
import { someoneWaits } from "../harness/locks.ts";

const app = await startTestApp({ worker: false });
const { sql } = app.deps.database;
const store = createIdempotencyStore(app.deps.db);
const { userId } = await createPerson(app);

const newRequest = (): RequestKey => ({ userId, route: "POST /x", key: randomUUID(), bodyHash: "h" });
const answer = (body: string): StoredAnswer => ({ status: 200, headers: {}, body });
const expire = (key: string) =>
  sql`update idempotency_record set lease_until = now() - interval '1 s' where key = ${key} and status is null`;
const recordOf = async (key: string) => (await sql`select * from idempotency_record where key = ${key}`)[0];

function heldBy(claim: Claim): HeldKey {
  if (claim.kind !== "mine") throw new Error(`The key is not free: ${claim.kind}`);
  return claim.held;
}

/** One that was held up, and one that took its key over meanwhile. */
async function twoRunners(request: RequestKey): Promise<[HeldKey, HeldKey]> {
  const first = heldBy(await store.claim(request));
  await expire(request.key);
  return [first, heldBy(await store.claim(request))];
}

test("whose key was taken over changes nothing any more", async () => {
  const request = newRequest();
  const [first, second] = await twoRunners(request);
  await first.keep(answer("of the first"), 200);
  expect((await store.claim(request)).kind).toBe("running");
  await first.release();
  expect((await store.claim(request)).kind).toBe("running");
  await second.keep(answer("of the second"), 200);
  await first.keep(answer("of the first"), 200);
  await first.release();
  expect(await store.claim(request)).toEqual({ kind: "answered", answer: answer("of the second") });
});

test("whose key was given back and taken again changes nothing any more", async () => {
  const request = newRequest();
  const [first, second] = await twoRunners(request);
  await second.release();
  const third = heldBy(await store.claim(request));
  await first.release();
  await second.keep(answer("of the second"), 200);
  expect((await store.claim(request)).kind).toBe("running");
  await third.keep(answer("of the third"), 200);
  expect(await store.claim(request)).toEqual({ kind: "answered", answer: answer("of the third") });
});

test("of twenty that find a key left behind one takes it over", async () => {
  const request = newRequest();
  const first = heldBy(await store.claim(request));
  await expire(request.key);
  const claims = await Promise.all(Array.from({ length: 20 }, () => store.claim(request)));
  expect(claims.filter(({ kind }) => kind === "mine")).toHaveLength(1);
  expect(claims.filter(({ kind }) => kind === "running")).toHaveLength(19);
  await Promise.all(Array.from({ length: 20 }, (_, i) => (i % 2 ? first.release() : first.keep(null, 200))));
  expect(await recordOf(request.key)).toMatchObject({ status: null });
});

test("whatever the order, only who took the key last may keep or give it back", async () => {
  const step = fc.record({
    do: fc.constantFrom("claim", "expire", "keep", "release" as const),
    by: fc.nat({ max: 2 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
      const request = newRequest();
      const hands = new Map<number, HeldKey>();
      let owner: number | null = null;
      let isExpired = false;
      let kept: string | null = null;
      for (const [n, { do: act, by }] of steps.entries()) {
        const hand = hands.get(by);
        if (act === "claim") {
          const claim = await store.claim(request);
          const isFree: boolean = kept === null && (owner === null || isExpired);
          expect(claim.kind).toBe(isFree ? "mine" : kept === null ? "running" : "answered");
          if (claim.kind === "answered") expect(claim.answer?.body).toBe(kept);
          if (claim.kind !== "mine") continue;
          hands.set(by, claim.held);
          owner = by;
          isExpired = false;
        } else if (act === "expire") {
          await expire(request.key);
          isExpired = owner !== null;
        } else if (hand && act === "keep") {
          await hand.keep(answer(`${n}`), 200);
          if (owner === by) kept = `${n}`;
        } else if (hand) {
          await hand.release();
          if (owner === by) [owner, kept, isExpired] = [null, null, false];
        }
      }
    }),
    { numRuns: 40 },
  );
});

test("a key stays taken as long as the work goes on, and no longer", async () => {
  const brief = createIdempotencyStore(app.deps.db, 1);
  const request = newRequest();
  const held = heldBy(await brief.claim(request));
  const leasedUntil = async () => (await recordOf(request.key))?.lease_until as Date;
  const first = await leasedUntil();
  await held.during(() =>
    vi.waitFor(async () => expect((await leasedUntil()).getTime()).toBeGreaterThan(first.getTime() + 1500), {
      timeout: 20_000,
    }),
  );
  const last = await leasedUntil();
  await vi.waitFor(async () => expect((await brief.claim(request)).kind).toBe("mine"), { timeout: 20_000 });
  expect((await leasedUntil()).getTime()).toBeGreaterThan(last.getTime());
});

test("whose key was taken over does not renew it for the other", async () => {
  const brief = createIdempotencyStore(app.deps.db, 0.3);
  const request = newRequest();
  const first = heldBy(await brief.claim(request));
  await expire(request.key);
  heldBy(await store.claim(request));
  const before = await recordOf(request.key);
  app.statements.length = 0;
  await first.during(() =>
    vi.waitFor(
      () => expect(app.statements.filter((text) => text.includes("update")).length).toBeGreaterThan(1),
      {
        timeout: 20_000,
      },
    ),
  );
  expect(await recordOf(request.key)).toEqual(before);
});

test("work that fails is no longer held", async () => {
  const brief = createIdempotencyStore(app.deps.db, 0.3);
  const request = newRequest();
  const held = heldBy(await brief.claim(request));
  await expect(held.during(() => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
  await vi.waitFor(async () => expect((await brief.claim(request)).kind).toBe("mine"), { timeout: 20_000 });
});

test("a request whose key was taken over while it waited answers, and leaves the key to the other", async () => {
  const admin = await createPlatformAdmin(app);
  const post = (path: string, body: unknown, key: string) =>
    call(app, "POST", path, { token: admin.token, body, headers: { "idempotency-key": key } });
  const { id } = (
    await post("/api/v1/organizations", { name: "Held up", slug: `held-${randomUUID()}` }, "make")
  ).json;
  const suspend = `/api/v1/organizations/${id}/suspend`;
  const key = randomUUID();
  let late: ReturnType<typeof post> | undefined;
  await sql.begin(async (tx) => {
    await tx`select 1 from organization where id = ${id} for update`;
    late = post(suspend, {}, key);
    await someoneWaits(app);
    await expire(key);
    const { user_id, route, body_hash } = (await recordOf(key)) ?? {};
    heldBy(await store.claim({ userId: user_id, route, key, bodyHash: body_hash }));
  });
  expect((await late)?.status).toBe(200);
  expect(await recordOf(key)).toMatchObject({ status: null, body: null });
  expect((await post(suspend, {}, key)).status).toBe(409);
});

test("a write with a key takes two statements more than one without", async () => {
  const { token } = await createPlatformAdmin(app);
  const statementsOf = async (headers: Record<string, string>) => {
    const body = { name: "Counted", slug: `counted-${randomUUID()}` };
    app.statements.length = 0;
    expect((await call(app, "POST", "/api/v1/organizations", { token, body, headers })).status).toBe(201);
    return app.statements.length;
  };
  await statementsOf({});
  const without = await statementsOf({});
  expect(await statementsOf({ "idempotency-key": randomUUID() })).toBe(without + 2);
});
