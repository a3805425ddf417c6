import { get, type IncomingMessage } from "node:http";
import { get as getByTls } from "node:https";
import { GetObjectCommand } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { AppError } from "../../errors.ts";
import { assertKey } from "./keys.ts";
import type { ByteRange, StoredBytes } from "./port.ts";
import { createDownloadAgent } from "./s3.agent.ts";
import { IDLE_MS, type S3Clients, type S3Config } from "./s3.clients.ts";
import { nullIfNotFound, promptly } from "./s3.faults.ts";
import { toStoredBytes } from "./s3.send.ts";

/** An error of the store is a few hundred bytes of XML. */
const ERROR_BYTES = 4096;

/**
 * Reads objects over plain HTTP: what the SDK does around a request costs ten times its signature. The SDK still signs,
 * and says where the bucket is.
 */
export function createS3Reader({ server }: S3Clients, { bucket, endpoint }: S3Config) {
  const agent = createDownloadAgent(new URL(endpoint).protocol);
  let base: Promise<URL> | undefined;

  /** What comes before the key. Each kind of store, and of address, has its own way. */
  async function findBase(): Promise<URL> {
    const command = new GetObjectCommand({ Bucket: bucket, Key: "x" });
    return new URL(".", await getSignedUrl(server, command));
  }

  async function sign(key: string, range: ByteRange | undefined) {
    base ??= findBase();
    const { protocol, hostname, port, host, pathname } = await base;
    const request = {
      method: "GET",
      protocol,
      hostname,
      path: `${pathname}${assertKey(key)}`,
      query: {},
      headers: { host, ...(range && { range: `bytes=${range.start}-${range.end}` }) },
    };
    const signer = await server.config.signer();
    // What the SDK found out about the clock of the store.
    const signingDate = new Date(Date.now() + server.config.systemClockOffset);
    const { headers } = await signer.sign(request, { signingDate });
    return { ...request, headers, ...(port !== "" && { port }) };
  }

  async function ask(
    key: string,
    range: ByteRange | undefined,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const { hostname, path, headers, protocol, port } = await sign(key, range);
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const send = protocol === "https:" ? getByTls : get;
    send({ hostname, port, path, headers, agent, signal }, resolve).on("error", reject);
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
