import { get, type IncomingMessage } from "node:http";
import { get as getByTls } from "node:https";
import { AppError } from "../../errors.ts";
import type { ByteRange, StoredBytes } from "./port.ts";
import { createDownloadAgent } from "./s3.agent.ts";
import { IDLE_MS, type S3Clients, type S3Config, type S3Keys } from "./s3.clients.ts";
import { nullIfNotFound, promptly } from "./s3.faults.ts";
import { toStoredBytes } from "./s3.send.ts";
import { createSignedReads } from "./s3.signed-reads.ts";

/** An error of the store is a few hundred bytes of XML. */
const ERROR_BYTES = 4096;

/** Reads objects over plain HTTP, past the SDK, which still signs, and says where the bucket is. */
export function createS3Reader({ server }: S3Clients, { bucket, endpoint }: S3Config, keys: () => S3Keys) {
  const agent = createDownloadAgent(new URL(endpoint).protocol);
  const signed = createSignedReads(server, bucket, keys);

  async function ask(
    key: string,
    range: ByteRange | undefined,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const request = await signed(key);
    signal.throwIfAborted();
    const headers = range
      ? { ...request.headers, range: `bytes=${range.start}-${range.end}` }
      : request.headers;
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const send = request.protocol === "https:" ? getByTls : get;
    const sent = send({ ...request, headers, agent }, resolve).on("error", reject);
    // Node's own option for this costs as much as the request.
    signal.addEventListener("abort", () => sent.destroy(), { once: true });
    const answer = await promise;
    if (answer.statusCode === (range ? 206 : 200)) return answer;
    throw await failureOf(answer);
  }

  return {
    async read(key: string, range?: ByteRange): Promise<StoredBytes | null> {
      const body = await nullIfNotFound(
        promptly((signal) =>
          ask(key, range, signal).catch((error: unknown) => {
            if (error instanceof AppError || signal.aborted) throw error;
            // The store may have closed a connection that was kept, or be busy for a moment.
            return ask(key, range, signal);
          }),
        ),
      );
      return body && toStoredBytes(body, IDLE_MS);
    },

    close: (): void => agent.destroy(),
  };
}

/** An AppError for what another try would not change. */
async function failureOf(answer: IncomingMessage): Promise<Error> {
  const { statusCode: status = 0 } = answer;
  let xml = "";
  for await (const chunk of answer.setEncoding("utf8")) {
    xml += chunk;
    if (xml.length > ERROR_BYTES) break;
  }
  const code = /<Code>(\w{1,50})<\/Code>/.exec(xml)?.[1];
  const cause = new Error(`The store answered ${status} ${code ?? ""}`);
  if (status === 404 && code === "NoSuchKey")
    return new AppError("not_found", "There is no such file.", { cause });
  if (status === 416)
    return new AppError("range_not_satisfiable", "The range starts behind the end of the file.", { cause });
  if (status >= 500) return cause;
  return new AppError("unavailable", "The file store is not available.", { retryAfter: 5, cause });
}
