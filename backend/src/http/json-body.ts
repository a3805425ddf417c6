import type { HonoRequest } from "hono";
import { AppError } from "../errors.ts";

export const maxBodyBytes = 1024 * 1024;

const tooLarge = () => new AppError("payload_too_large", "The body may be at most 1 MB");
const malformed = () => new AppError("malformed_json", "The body is not valid JSON");
const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads the body once, strictly, and leaves it where Hono's validators look for it.
 *
 * A declared length over the limit is refused unread; a chunked body is counted as it comes. Node drains what is left
 * of a refused body, so that a client which sends it all can still read the answer.
 *
 * @returns the text; "" when there was no body.
 * @throws AppError `payload_too_large`, `unsupported_media_type`, `malformed_json`
 */
export async function readJsonBody(request: HonoRequest): Promise<string> {
  if (Number(request.header("content-length") ?? 0) > maxBodyBytes) throw tooLarge();
  const bytes = await readLimited(request.raw);
  if (bytes.length === 0) return provideNothing(request);
  if (!/^application\/json(\s*;|$)/i.test(request.header("content-type") ?? ""))
    throw new AppError("unsupported_media_type", "Send the body as application/json");
  const text = decode(bytes);
  assertHarmless(text);
  Object.assign(request.bodyCache, { text: Promise.resolve(text) });
  return text;
}

async function readLimited(request: Request): Promise<Uint8Array> {
  if (!request.body) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = request.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    // Reading on without keeping anything: a reset would hide the answer from the client.
    if (size <= maxBodyBytes) chunks.push(value);
    else if (size > maxBodyBytes * 16) break;
  }
  if (size > maxBodyBytes) throw tooLarge();
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
}

function decode(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw malformed();
  }
}

/** Valid JSON without a NUL (PostgreSQL has no such character) and without a key that reaches for a prototype. */
function assertHarmless(text: string): void {
  const value = parse(text);
  if (!/\\u00|__proto__/i.test(text)) return;
  const queue: unknown[] = [value];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    if (typeof next === "string" && next.includes("\0"))
      throw new AppError("validation_failed", "NUL characters are not allowed");
    if (typeof next !== "object" || next === null) continue;
    for (const [key, child] of Object.entries(next)) {
      if (key === "__proto__" || key.includes("\0"))
        throw new AppError("validation_failed", "This field name is not allowed");
      queue.push(child);
    }
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw malformed();
  }
}

/** No body counts as `{}`, and without a content type as nothing that would need one. */
function provideNothing(request: HonoRequest): string {
  const nothing = { text: Promise.resolve("{}"), arrayBuffer: Promise.resolve(new ArrayBuffer(0)) };
  Object.assign(request.bodyCache, nothing);
  return "";
}
