import { createHash, randomBytes } from "node:crypto";
import { call, password } from "../harness/client.ts";
import type { Authenticator } from "../sign-in/authenticator.ts";

const api = "/api/v1";

export interface Kept {
  readonly id: string;
  readonly sha256: string;
}

/** Somebody who uses the product, and remembers everything that it said was done. */
export interface Customer {
  readonly email: string;
  /** Where they have a second factor. */
  readonly device: Authenticator | undefined;
  /** Number of the last name that was acknowledged; names are given in order. */
  renamed: number;
  readonly files: Kept[];
  /** Whom a mail was promised. */
  readonly invited: string[];
}

/** What customers were promised up to now. */
export interface Promises {
  readonly email: string;
  readonly renamed: number;
  readonly files: readonly Kept[];
  readonly invited: readonly string[];
}

const sha256Of = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Answers of an API that may only succeed; anything else is written down. @param headers of every request */
export function createCounter(headers: Record<string, string>) {
  const failed: string[] = [];
  let requests = 0;
  return {
    failed,
    requests: () => requests,
    /** @returns undefined after a failure */
    async ask(url: string, method: string, path: string, init: Parameters<typeof call>[3]) {
      requests += 1;
      try {
        const answer = await call({ url, headers }, method, path, init);
        if (answer.status < 300) return answer;
        failed.push(`${method} ${path}: ${answer.status} ${answer.text.slice(0, 200)}`);
      } catch (error) {
        failed.push(`${method} ${path}: ${error}`);
      }
      return undefined;
    },
    async send(to: string, signed: Record<string, string>, body: Buffer): Promise<boolean> {
      requests += 1;
      try {
        const { ok, status } = await fetch(to, { method: "PUT", headers: signed, body });
        if (!ok) failed.push(`PUT: ${status}`);
        return ok;
      } catch (error) {
        failed.push(`PUT: ${error}`);
        return false;
      }
    },
  };
}

export type Counter = ReturnType<typeof createCounter>;

/** The token that a client holds: the newest that an answer carried. */
export interface Signed {
  token: string;
}

async function signIn(url: string, counter: Counter, email: string, device?: Authenticator): Promise<string> {
  const ask = async (path: string, body: object, headers = {}) => {
    const answer = await counter.ask(url, "POST", `/api/auth/${path}`, { body, headers });
    if (!answer) throw new Error(counter.failed.at(-1));
    return answer.json;
  };
  const { token, challengeToken } = await ask("sign-in/email", { email, password });
  if (!device) return token;
  // The code of now may be the one of the enrolment, which is used up.
  const body = { code: await device.code(1) };
  return (await ask("two-factor/verify-totp", body, { "x-two-factor-challenge": challengeToken })).token;
}

/** Uses the product until it is told to stop: renames, uploads, invites, reads; one thing after the other. */
export function keepBusy(
  url: string,
  counter: Counter,
  customer: Customer,
  organizationId: string,
  signed: Signed,
) {
  let running = true;
  const ask: Counter["ask"] = async (at, method, path, init) => {
    const answer = await counter.ask(at, method, path, { ...init, token: signed.token });
    signed.token = answer?.headers.get("set-auth-token") ?? signed.token;
    return answer;
  };

  async function upload(): Promise<void> {
    const bytes = randomBytes(20_000);
    const body = {
      target: "organizationFile",
      organizationId,
      fileName: "plan.bin",
      contentType: "application/octet-stream",
      size: bytes.length,
    };
    const presigned = await ask(url, "POST", `${api}/files/presign`, { body });
    if (!presigned || !(await counter.send(presigned.json.uploadUrl, presigned.json.headers, bytes))) return;
    const { storageKey } = presigned.json;
    const file = await ask(url, "POST", `${api}/files/register`, { body: { storageKey } });
    if (file) customer.files.push({ id: file.json.id, sha256: sha256Of(bytes) });
  }

  async function invite(n: number): Promise<void> {
    const body = { email: `guest-${n}-of-${customer.email}`, role: "client" };
    const made = await ask(url, "POST", `${api}/organizations/${organizationId}/invitations`, { body });
    if (made) customer.invited.push(body.email);
  }

  async function work(): Promise<void> {
    for (let n = 1; running; n += 1) {
      if (await ask(url, "PATCH", `${api}/me`, { body: { name: `Name ${n}` } })) customer.renamed = n;
      if (n % 3 === 0) await upload();
      if (n % 12 === 1) await invite(n);
      await ask(url, "GET", `${api}/organizations/${organizationId}`, {});
      await ask(url, "GET", `${api}/files?target=organizationFile&organizationId=${organizationId}`, {});
    }
  }

  const done = work();
  return {
    promises: (): Promises => ({
      email: customer.email,
      renamed: customer.renamed,
      files: [...customer.files],
      invited: [...customer.invited],
    }),
    async stop(): Promise<void> {
      running = false;
      await done;
    },
  };
}

/** What of it is gone, in words. */
export async function broken(
  url: string,
  counter: Counter,
  promised: Promises,
  device?: Authenticator,
): Promise<string[]> {
  const token = await signIn(url, counter, promised.email, device);
  const gone: string[] = [];
  const me = await counter.ask(url, "GET", `${api}/me`, { token });
  const renamed = Number(String(me?.json.name).split(" ")[1]);
  if (!(renamed >= promised.renamed))
    gone.push(`${promised.email}: name ${renamed} instead of ${promised.renamed}`);
  for (const { id, sha256 } of promised.files) {
    const answer = await fetch(`${url}${api}/files/${id}/stream`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const bytes = Buffer.from(await answer.arrayBuffer());
    if (answer.status !== 200 || sha256Of(bytes) !== sha256) gone.push(`${promised.email}: file ${id}`);
  }
  return gone;
}
