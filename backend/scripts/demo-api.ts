/** The tour cannot go on; the message is one sentence for the person who started it. */
export class DemoFailure extends Error {
  override readonly name = "DemoFailure";
  /** Of the answer that ended it, if it was one. */
  readonly status: number | undefined;

  constructor(message: string, status?: number) {
    super(message);
    this.status = status;
  }
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
  /** A field of the JSON body, by its path ("memberships.0.organizationId"). */
  field(path: string): string;
}

interface Request {
  readonly token?: string;
  readonly json?: Readonly<Record<string, unknown>>;
  readonly bytes?: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  /** The status that the tour goes on with. */
  readonly expect: number;
  /** Paths of the body's fields, and names of headers, that are printed. */
  readonly show: readonly string[];
}

export type Say = (line: string) => void;
export type DemoApi = ReturnType<typeof createDemoApi>;

/** Enough of a secret to tell two apart, too little to use. */
const shorten = (name: string, value: string): string =>
  /token/i.test(name) ? `${value.slice(0, 6)}…` : value;

/** Sends requests and prints each with its answer. */
export function createDemoApi(base: string, say: Say) {
  return async (method: string, target: string, request: Request): Promise<Answer> => {
    const { token, json, bytes, expect, show } = request;
    const url = new URL(target, base);
    const body = json ? JSON.stringify(json) : bytes;
    const headers = {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(json && { "content-type": "application/json" }),
      ...request.headers,
    };
    const answer = await read(fetch(url, { method, headers, ...(body && { body }) }), url);
    const sent = bytes ? ` (${bytes.length} bytes)` : "";
    // A signed URL is a permission: its query is not for the screen.
    const line = `${method} ${url.pathname}`;
    say(`    ${line}${sent} → ${answer.status}`);
    if (answer.status !== expect)
      throw new DemoFailure(`${line} answered ${answer.status} instead of ${expect}.`, answer.status);
    for (const name of show)
      say(`        ${name}: ${shorten(name, answer.headers.get(name) ?? answer.field(name))}`);
    return answer;
  };
}

async function read(pending: Promise<Response>, url: URL): Promise<Answer> {
  let response: Response;
  let bytes: Buffer;
  try {
    response = await pending;
    bytes = Buffer.from(await response.arrayBuffer());
  } catch {
    throw new DemoFailure(
      `Nothing answers at ${url.origin}. Start the server with "pnpm dev", or name another one with --url.`,
    );
  }
  const isJson = response.headers.get("content-type")?.includes("json") ?? false;
  const body: unknown = isJson ? JSON.parse(bytes.toString()) : undefined;
  const field = (path: string): string => {
    let value = body;
    for (const key of path.split("."))
      value = typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
    if (value === undefined) throw new DemoFailure(`The answer of ${url.pathname} has no ${path}.`);
    return String(value);
  };
  return { status: response.status, headers: response.headers, bytes, field };
}
