import assert from "node:assert/strict";
import PostalMime from "postal-mime";
import type { Parts } from "./parts.ts";

const PIXEL = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==",
  "base64",
);

interface Server {
  readonly url: string;
  /** What the server believes to be its address. */
  readonly publicUrl: string;
  readonly clientKey: string;
}

async function request(server: Server, method: string, path: string, body?: unknown, token?: string) {
  const response = await fetch(`${server.url}${path}`, {
    method,
    headers: {
      "x-client-key": server.clientKey,
      ...(body !== undefined && { "content-type": "application/json" }),
      ...(token && { authorization: `Bearer ${token}` }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
  return text === "" ? undefined : JSON.parse(text);
}

/** Waits for something that another process does. */
export async function eventually<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const limit = Date.now() + 60_000;
  for (;;) {
    const found = await look().catch(() => undefined);
    if (found !== undefined) return found;
    if (Date.now() > limit) throw new Error(`Waited a minute in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function tokenInMail({ caught }: Parts["smtp"], to: string): Promise<string> {
  const mail = await eventually(`a mail to ${to}`, async () => caught.find((m) => m.recipients.includes(to)));
  assert.ok(mail.encrypted, "the mail came over TLS");
  assert.equal(mail.user, "coaching");
  const { text = "" } = await PostalMime.parse(mail.raw);
  const token = /[?&]token=([^\s&]+)/.exec(text)?.[1];
  assert.ok(token, `a token in: ${text}`);
  return token;
}

/** The first platform admin makes an organization. */
export async function adminMakesOrganization(server: Server, email: string, password: string): Promise<void> {
  const { token } = await request(server, "POST", "/api/auth/sign-in/email", { email, password });
  const body = { name: "Northwind", slug: "northwind" };
  const { id } = await request(server, "POST", "/api/v1/organizations", body, token);
  const { name } = await request(server, "GET", `/api/v1/organizations/${id}`, undefined, token);
  assert.equal(name, "Northwind");
}

/** Somebody signs up, follows the link of the mail, signs in, uploads a picture and gets it back. */
export async function personUploadsPicture(server: Server, smtp: Parts["smtp"]): Promise<void> {
  const [email, password] = ["ada@coaching.test", "a sentence to remember"];
  await request(server, "POST", "/api/auth/sign-up/email", { name: "Ada", email, password });
  await request(server, "GET", `/api/auth/verify-email?token=${await tokenInMail(smtp, email)}`);
  const { token } = await request(server, "POST", "/api/auth/sign-in/email", { email, password });

  const file = { target: "avatar", fileName: "ada.png", contentType: "image/png", size: PIXEL.length };
  const signed = await request(server, "POST", "/api/v1/files/presign", file, token);
  const put = await fetch(signed.uploadUrl.replace(server.publicUrl, server.url), {
    method: signed.method,
    headers: signed.headers,
    body: PIXEL,
  });
  assert.ok(put.ok, `upload: ${put.status}`);
  const { storageKey } = signed;
  const { id } = await request(server, "POST", "/api/v1/files/register", { storageKey }, token);
  await eventually("the picture", async () => {
    const answer = await fetch(`${server.url}/api/v1/files/${id}/stream`, {
      headers: { "x-client-key": server.clientKey, authorization: `Bearer ${token}` },
    });
    return answer.ok && (await answer.bytes()).length > 0 ? true : undefined;
  });
}
