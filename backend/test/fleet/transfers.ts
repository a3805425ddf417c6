import { createHash } from "node:crypto";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";

/** A transfer that has begun and is held in the middle. */
export interface Held {
  /** Goes on to the end. @returns what came of it, in words; "ok" when all is well */
  finish(): Promise<string>;
}

interface Download {
  readonly url: string;
  readonly token: string;
  readonly sha256: string;
  readonly headers?: Record<string, string>;
}

/** Reads the first bytes and then no more: a file larger than every buffer on the way keeps its server writing. */
export async function holdDownload({ url, token, sha256, headers }: Download): Promise<Held> {
  const asked = request(url, {
    agent: false,
    headers: { ...headers, authorization: `Bearer ${token}` },
  }).end();
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  const hash = createHash("sha256");
  const [first] = await once(response, "readable").then(() => [response.read(1) as Buffer]);
  hash.update(first ?? "");
  return {
    async finish() {
      try {
        for await (const chunk of response) hash.update(chunk as Buffer);
      } catch (error) {
        return `download: ${error}`;
      }
      const whole = response.statusCode === 200 && hash.digest("hex") === sha256;
      return whole ? "ok" : `download: ${response.statusCode}, not what was stored`;
    },
  };
}

interface Upload {
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly bytes: Buffer;
}

/** Sends half. */
export async function holdUpload({ url, headers, bytes }: Upload): Promise<Held> {
  const asked = request(url, {
    agent: false,
    method: "PUT",
    headers: { ...headers, "content-length": bytes.length },
  });
  const answered = once(asked, "response") as Promise<[IncomingMessage]>;
  answered.catch(() => {});
  const half = bytes.length / 2;
  await new Promise<void>((resolve) => asked.write(bytes.subarray(0, half), () => resolve()));
  return {
    async finish() {
      try {
        asked.end(bytes.subarray(half));
        const [response] = await answered;
        response.resume();
        await once(response, "end");
        return response.statusCode === 200 ? "ok" : `upload: ${response.statusCode}`;
      } catch (error) {
        return `upload: ${error}`;
      }
    },
  };
}
