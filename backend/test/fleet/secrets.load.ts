import { setTimeout as pause } from "node:timers/promises";
import { vi } from "vitest";
import { documentOf, put, type Signed } from "../files/client.ts";
import { pdf } from "../files/samples.ts";
import type { TestApp } from "../harness/app.ts";
import { call, type Person, password, type Tenant, uploadFile } from "../harness/client.ts";
import { newAddress, pathOf } from "../invitations/inbox.ts";

/** Between the beginnings of two things that the same person does. With twenty people: more than 200 requests a second. */
const everyMs = 100;
const patience = { timeout: 60_000, interval: 50 };

export interface MixedLoad {
  /** Whatever was not answered as it should have been, in words. */
  readonly failed: readonly string[];
  /** Whom a mail was promised. */
  readonly invited: ReadonlySet<string>;
  readonly tokens: () => string[];
  answered(): number;
  /** Until everybody has begun something after now, and ended it: nothing from before is under way. */
  round(): Promise<void>;
  end(): Promise<void>;
}

interface Home {
  readonly tenant: Tenant;
  /** A file that everybody there may read. */
  readonly fileId: string;
}

/** An organization with a file that is ready. */
export async function createHome(app: TestApp, tenant: Tenant): Promise<Home> {
  const { token } = tenant.people.org_admin;
  const { id } = await uploadFile(app, token, pdf, documentOf(tenant));
  await vi.waitFor(async () => {
    const { json } = await call(app, "GET", `/api/v1/files/${id}`, { token });
    if (json.status !== "ready") throw new Error(`the file is ${json.status}`);
  }, patience);
  return { tenant, fileId: id };
}

/**
 * Everybody of these organizations, each with one thing after another: they read, sign in again, download, ask as a
 * monitor, and those who may upload and invite. Keys of the app and of the monitor are read anew for each request.
 */
export function mixedLoad(app: TestApp, homes: readonly Home[], monitor: { token: string }): MixedLoad {
  const failed: string[] = [];
  const invited = new Set<string>();
  let answered = 0;
  let running = true;

  /** @returns the answer, if it is the one that was due */
  async function due<T extends { status: number }>(what: string, status: number, asked: Promise<T>) {
    try {
      const answer = await asked;
      answered += 1;
      if (answer.status === status) return answer;
      failed.push(`${what}: ${answer.status} ${"text" in answer ? answer.text : ""}`);
    } catch (error) {
      failed.push(`${what}: ${error}`);
    }
    return undefined;
  }

  function visitor(person: Person, { tenant, fileId }: Home) {
    let { token } = person;
    const ask = async (method: string, path: string, body?: object, status = 200) => {
      const answer = await due(`${method} ${path}`, status, call(app, method, path, { token, body }));
      // As apps do: what the answer carries is stored.
      token = answer?.headers.get("set-auth-token") ?? token;
      return answer;
    };
    const read = () => ask("GET", "/api/v1/me");
    const sessions = () => ask("GET", "/api/v1/me/auth-sessions");
    const stream = () => ask("GET", `/api/v1/files/${fileId}/stream`);
    const monitored = () =>
      due("stats", 200, call(app, "GET", "/api/errors/stats", { token: monitor.token }));
    const signIn = () =>
      due(
        "sign-in",
        200,
        call(app, "POST", "/api/auth/sign-in/email", { body: { email: person.email, password } }),
      );

    async function download(): Promise<void> {
      const file = await ask("GET", `/api/v1/files/${fileId}`);
      if (file) await due("download", 200, fetch(file.json.downloadUrl).then(drained));
    }

    async function upload(): Promise<void> {
      const signed = await ask(
        "POST",
        "/api/v1/files/presign",
        documentOf(tenant, { size: pdf.length }),
        201,
      );
      if (!signed) return;
      const sent: Signed = signed.json;
      if (await due("PUT", 200, put(sent, pdf).then(drained)))
        await ask("POST", "/api/v1/files/register", { storageKey: sent.storageKey }, 201);
    }

    async function invite(): Promise<void> {
      const email = newAddress();
      if (await ask("POST", pathOf(tenant.organizationId), { email, role: "client" }, 201))
        invited.add(email);
    }

    return {
      token: () => token,
      signIn,
      all: [read, stream, sessions, monitored, download],
      more: [upload, invite],
    };
  }

  const visitors = homes.flatMap((home) =>
    Object.entries(home.tenant.people).map(([role, person]) => {
      const { token, signIn, all, more } = visitor(person, home);
      const leads = role === "org_admin" || role === "manager";
      return { token, signIn, steps: leads ? [...all, ...more] : all, rounds: 0 };
    }),
  );
  const work = visitors.map(async (one, who) => {
    let next = performance.now();
    for (let n = who; running; n += 1) {
      // Who had to wait makes up for it.
      next += everyMs;
      if (n % 40 === 0) await one.signIn();
      else await one.steps[n % one.steps.length]?.();
      one.rounds += 1;
      await pause(Math.max(0, next - performance.now()));
    }
  });

  return {
    failed,
    invited,
    tokens: () => visitors.map(({ token }) => token()),
    answered: () => answered,
    async round() {
      const before = visitors.map(({ rounds }) => rounds);
      await vi.waitFor(() => {
        // What was under way, and all that each of them does.
        if (visitors.some(({ rounds }, i) => rounds < (before[i] ?? 0) + 9))
          throw new Error("somebody waits");
      }, patience);
    },
    async end() {
      running = false;
      await Promise.all(work);
    },
  };
}

async function drained(response: Response) {
  return { status: response.status, text: await response.text() };
}
