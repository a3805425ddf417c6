import { openAsBlob, statSync } from "node:fs";
import { basename } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { password } from "./seed.ts";

/** What the server under test wants to see on every request. */
export const clientKey = "Qm7xT2vB9kL4nR8wZ1cY6pH3sD5fG0jA";

type Json = Record<string, unknown>;

/** One person's view of our server. */
export function createApi(url: string, token?: string) {
  const headers: Record<string, string> = {
    "x-client-key": clientKey,
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  };

  async function call(method: string, path: string, body?: Json): Promise<Json> {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: body ? { ...headers, "content-type": "application/json" } : headers,
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as Json;
  }

  return {
    url,
    headers,
    call,

    async signIn(email: string): Promise<string> {
      const { token } = await call("POST", "/api/auth/sign-in/email", { email, password });
      return String(token);
    },

    /** presign → PUT → register → wait until it is checked. @returns path of the file */
    async upload(organizationId: string, path: string): Promise<string> {
      const contentType = "text/plain";
      const signed = await call("POST", "/api/v1/files/presign", {
        target: "organizationFile",
        organizationId,
        fileName: basename(path),
        contentType,
        size: statSync(path).size,
      });
      const put = await fetch(String(signed.uploadUrl), {
        method: "PUT",
        headers: signed.headers as Record<string, string>,
        body: await openAsBlob(path),
      });
      if (!put.ok) throw new Error(`upload: ${put.status} ${await put.text()}`);
      const { id } = await call("POST", "/api/v1/files/register", { storageKey: signed.storageKey });
      for (;;) {
        const { status } = await call("GET", `/api/v1/files/${id}`);
        if (status === "ready") return `/api/v1/files/${id}`;
        if (status !== "processing") throw new Error(`the upload became ${status}`);
        await wait(100);
      }
    },
  };
}
