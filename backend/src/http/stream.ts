import { pipeline } from "node:stream/promises";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { Context } from "hono";
import type { ByteRange, StoredBytes, Streamable } from "../adapters/storage/port.ts";
import { matchesEtag, parseRange } from "../conditional.ts";
import { AppError } from "../errors.ts";
import type { SecuredEnv } from "./app-env.ts";

/** A reader that takes nothing for this long has left: the store's stream is not held for it. */
const idleMs = 5 * 60 * 1000;

/** Even if somebody makes a browser render it, it has no origin, no script and nothing to load. */
const contentSecurityPolicy = "sandbox; default-src 'none'";

/**
 * Answers GET and HEAD with the bytes, whole or the range asked for, straight from the store's Node stream to the
 * socket: web streams in between cost two thirds of the throughput. A client that goes away closes the store's stream.
 */
export async function sendStream(c: Context<SecuredEnv>, body: Streamable): Promise<Response> {
  const { outgoing } = c.env;
  const seen = c.req.header("if-none-match");
  if (seen !== undefined && matchesEtag(seen, body.etag)) {
    outgoing.setHeader("ETag", body.etag);
    return c.body(null, 304);
  }
  const range = rangeOf(c, body);
  // Opened before a word about it is said: should that fail, the problem has headers of its own.
  const source = c.req.method === "HEAD" ? null : await body.open(range);
  const length = range ? range.end - range.start + 1 : body.size;
  if (source) assertLength(source, length);
  const headers = {
    ETag: body.etag,
    "Accept-Ranges": "bytes",
    "Content-Security-Policy": contentSecurityPolicy,
    "Content-Type": body.contentType,
    "Content-Disposition": body.disposition,
    "Content-Length": String(length),
    ...(range && { "Content-Range": `bytes ${range.start}-${range.end}/${body.size}` }),
  };
  const status = range ? 206 : 200;
  if (source === null) return c.body(null, status, headers);
  return pipeOut(c, source, { status, headers });
}

/**
 * Answers with what a Node stream gives, no faster than the reader takes it. A source that fails cuts the connection,
 * so that no part is taken for the whole; a reader that leaves, or takes nothing for five minutes, closes the source.
 */
export async function pipeOut(
  c: Context<SecuredEnv>,
  source: StoredBytes,
  { status, headers }: { status: number; headers: Record<string, string> },
): Promise<Response> {
  const { outgoing } = c.env;
  outgoing.writeHead(status, headers);
  outgoing.setTimeout(idleMs, () => outgoing.destroy());
  try {
    await (source.sendTo?.(outgoing) ?? pipeline(source, outgoing));
  } catch (error) {
    // A client that left before the first byte leaves the source untouched by the pipeline.
    source.destroy();
    // The status is on the wire already: a cut connection is all that can still be said.
    if (!outgoing.destroyed) outgoing.destroy();
    if (!isHangUp(error)) {
      const { requestId } = c.get("origin");
      c.get("log").warn({ err: error, requestId }, "stream broke off");
    }
  }
  return RESPONSE_ALREADY_SENT;
}

function rangeOf(c: Context<SecuredEnv>, { size, etag }: Streamable): ByteRange | null {
  const condition = c.req.header("if-range");
  if (condition !== undefined && condition !== etag) return null;
  const range = parseRange(c.req.header("range"), size);
  if (range !== "unsatisfiable") return range;
  c.header("Content-Range", `bytes */${size}`);
  throw new AppError("range_not_satisfiable", `The file is ${size} bytes long`);
}

/**
 * Bytes beyond those announced would be the beginning of the next answer on the connection, which may be somebody
 * else's behind a proxy; too few would be waited for.
 *
 * @throws AppError `unavailable` when the object is not as long as the file was
 */
function assertLength(source: StoredBytes, length: number): void {
  const { total } = source;
  if (total === undefined || total === length) return;
  source.destroy();
  throw new AppError("unavailable", "The store does not have this file as it was", {
    retryAfter: 5,
    cause: new Error(`The store has ${total} bytes instead of ${length}`),
  });
}

const hangUps = new Set(
  "ERR_STREAM_PREMATURE_CLOSE ERR_STREAM_UNABLE_TO_PIPE ERR_STREAM_DESTROYED ECONNRESET EPIPE".split(" "),
);

const isHangUp = (error: unknown): boolean =>
  error instanceof Error && "code" in error && hangUps.has(String(error.code));
