import postgres from "postgres";
import { afterAll, describe, expect, inject, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { requestOf, send, withoutRequest, withRandomIds } from "./attempt-request.ts";
import { type Attempt, attempts } from "./attempts.ts";
import { type CallerCase, callersOf } from "./callers.ts";
import { aliasesOf, type Operation, readDocument } from "./document.ts";
import { makeSession } from "./sessions.ts";
import { createStateReader } from "./state.ts";
import { type Row, readTable } from "./table.ts";
import { createWorld, upload } from "./world.ts";

const app = await startTestApp({
  worker: false,
  env: { ORGANIZATION_SIGNUP: "open", SECURITY_CONTACT: "security@example.test" },
});
const closedApp = await startTestApp({
  worker: false,
  database: app.database,
  env: { ORGANIZATION_SIGNUP: "closed" },
});
const sql = postgres(app.database.superUrl, { max: 1 });
afterAll(() => sql.end());
const world = await createWorld(app);
const state = await createStateReader(app, sql);
const operations = new Map((await readDocument(app)).map((operation) => [operation.id, operation]));
const callers = callersOf(world);
const table = readTable();
/**
 * Where several servers answer, the answers are compared: which rows a denial leaves alone, and that an alias is the
 * same route, does not depend on how many there are.
 */
const onlyAnswers = inject("bundle") !== undefined;

/** Every way in which a denial went wrong, in words. */
type Flaws = string[];

interface Try {
  readonly row: Row;
  readonly operation: Operation;
  readonly alias: string;
  readonly one: CallerCase;
}

async function prepare({ row, one }: Try): Promise<Attempt> {
  const scene = { app, closedApp, caller: one.caller ?? one.target.people.org_admin, target: one.target };
  const attempt = attempts[row.key];
  if (!attempt) throw new Error(`attempts.ts does not know ${row.key}`);
  return attempt(scene);
}

const isDenial = (status: number): boolean => [401, 403, 404].includes(status);

/** The organization whose log tells of a denial: the caller's own one that owns the target, else the platform's. */
const logOf = ({ one, operation, row }: Try, status: number): string | null => {
  if (!one.member) return null;
  // Where the path names the organization, who belongs to it is known there whatever the row turns out to be.
  const isNamed = operation.path.includes("{organizationId}") && status !== 401;
  const ownsTarget = status === 403 && /orgLogo|organizationFile/.test(row.on);
  return isNamed || ownsTarget ? one.target.organizationId : null;
};

const nameOf = (organizationId: string | null): string =>
  organizationId === null ? "the platform's" : `organization ${organizationId}'s`;

async function attemptOnce(trial: Try, flaws: Flaws): Promise<number> {
  const { operation, alias, one } = trial;
  const attempt = await prepare(trial);
  const at = attempt.app ?? app;
  const token = one.caller ? (attempt.token ?? one.caller.token) : undefined;
  const request = requestOf(operation, alias, attempt);
  const expected = trial.row.expected[one.column];
  const denied = isDenial(expected);
  const before = denied && !onlyAnswers ? await state.snapshot() : undefined;
  const answer = await send(at, request, token);
  const flaw = (text: string) => flaws.push(`${one.name} at ${alias}: ${text}`);
  if (!(answer.status in operation.answers)) flaw(`${answer.status} is not in the document`);
  if (denied && isDenial(answer.status)) {
    const after = before && (await state.snapshot());
    for (const [name, rows] of Object.entries(after ?? {}))
      if (rows !== before?.[name]) flaw(`changed ${name}`);
    if (one.caller && operation.access !== "public") {
      const events = await state.audited(answer.requestId);
      const [event] = events;
      if (events.length !== 1 || event?.result !== "denied" || event.actorId !== one.caller.userId)
        flaw(`${answer.status} leaves ${events.length} audit events`);
      else if (event.organizationId !== logOf(trial, answer.status))
        flaw(`${answer.status} is in ${nameOf(event.organizationId)} log`);
    }
  }
  if (denied && one.caller && one.column === "other" && operation.access !== "public") {
    const random = await send(at, withRandomIds(request), token);
    const [a, b] = [answer, random].map((it) => JSON.stringify([it.status, withoutRequest(it.json)]));
    if (a !== b) flaw(`tells a foreign id (${a}) from a random one (${b})`);
    const events = await state.audited(random.requestId);
    if (events.length !== 1 || events[0]?.organizationId !== null)
      flaw(`a random id leaves ${events.length} audit events, not one in the platform's log`);
  }
  if (operation.method === "GET") {
    const head = await send(at, { ...request, method: "HEAD" }, token);
    if (head.status !== answer.status || head.text !== "") flaw(`HEAD answers ${head.status} ${head.text}`);
  }
  return answer.status;
}

describe("every caller gets what the table says, and a denial changes nothing but the log", () => {
  test.each(table.map((row) => [row.key, row] as const))("%s", async (_, row) => {
    const operation = operations.get(row.operation);
    if (!operation) throw new Error(`The document has no operation ${row.operation}`);
    for (const alias of onlyAnswers ? [operation.path] : aliasesOf(operation.path)) {
      const flaws: Flaws = [];
      const ask = async (one: CallerCase) => {
        const status = await attemptOnce({ row, operation, alias, one }, flaws);
        const expected = row.expected[one.column];
        if (status !== expected) flaws.push(`${one.name} gets ${status}, not ${expected}`);
      };
      // Snapshots of before and after need to be alone; where nobody is denied there are none.
      if (Object.values(row.expected).some(isDenial)) for (const one of callers) await ask(one);
      else await Promise.all(callers.map(ask));
      expect.soft(flaws, alias).toEqual([]);
    }
  });
});

test("a snapshot sees rows, auth sessions and objects come", async () => {
  const { here } = world;
  const before = await state.snapshot();
  await upload(app, here.people.org_admin, "organizationFile", here.organizationId);
  await makeSession(app, here.people.client.userId);
  const after = await state.snapshot();
  const changed = Object.keys(after).filter((name) => after[name] !== before[name]);
  expect(changed).toEqual(expect.arrayContaining(["file", "session", "bucket"]));
});
