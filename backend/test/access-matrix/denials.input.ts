import { v7 as uuidv7 } from "uuid";
import type { TestApp } from "../harness/app.ts";
import type { AttemptRequest } from "./attempt-request.ts";
import type { Operation } from "./document.ts";
import { type RawAnswer, type RawRequest, raw } from "./wire.ts";

interface InputCase extends Omit<RawRequest, "method"> {
  readonly name: string;
  readonly method?: string;
  readonly status: number;
  readonly code: string;
}

const json = { "content-type": "application/json" };
const text = (body: string) => [Buffer.from(body)];
const mebibyte = Buffer.alloc(1024 * 1024 + 1, " ");

function bodyCases(path: string, body: Record<string, unknown>): readonly InputCase[] {
  const send = (name: string, content: string, status: number, code: string, headers: object = json) => ({
    name,
    path,
    status,
    code,
    headers: { ...headers, "content-length": String(Buffer.byteLength(content)) },
    pieces: text(content),
  });
  const good = JSON.stringify(body);
  const withField = (field: string) => good.replace(/\}$/, `${good === "{}" ? "" : ","}${field}}`);
  const [firstText] = Object.entries(body).filter(([, value]) => typeof value === "string");
  return [
    send("malformed JSON", '{"name":', 400, "malformed_json"),
    send("an array", "[]", 400, "validation_failed"),
    send("null", "null", 400, "validation_failed"),
    send("another content type", good, 415, "unsupported_media_type", { "content-type": "text/plain" }),
    send("an unknown field", withField('"unknown":1'), 400, "validation_failed"),
    send("__proto__", withField('"__proto__":{"globalRole":"platform_admin"}'), 400, "validation_failed"),
    send("constructor", withField('"constructor":{"prototype":{}}'), 400, "validation_failed"),
    ...(firstText
      ? [send("a NUL", JSON.stringify({ ...body, [firstText[0]]: "a\0b" }), 400, "validation_failed")]
      : []),
    {
      name: "a declared body over 1 MB",
      path,
      status: 413,
      code: "payload_too_large",
      headers: { ...json, "content-length": String(mebibyte.length) },
      pieces: [mebibyte],
    },
    {
      name: "a chunked body over 1 MB",
      path,
      status: 413,
      code: "payload_too_large",
      headers: { ...json, "transfer-encoding": "chunked" },
      pieces: [mebibyte.subarray(0, 700_000), mebibyte.subarray(0, 700_000)],
    },
  ];
}

const invalid = { status: 400, code: "validation_failed" };

function queryCases(path: string, names: readonly string[]): readonly InputCase[] {
  const joint = path.includes("?") ? "&" : "?";
  return [
    { name: "an unknown query parameter", path: `${path}${joint}unknown=1`, ...invalid },
    {
      name: "a URL over 8 KB",
      path: `${path}${joint}q=${"a".repeat(8300)}`,
      status: 414,
      code: "uri_too_long",
    },
    ...names.map((name) => ({
      name: `${name} twice`,
      path: `${path.split("?")[0]}?${name}=1&${name}=2`,
      ...(name === "cursor" ? { status: 400, code: "invalid_cursor|validation_failed" } : invalid),
    })),
    ...(names.includes("limit")
      ? ["0", "101", "-1", "1.5", "x", "", "1e1", "%00"].map((limit) => ({
          name: `limit=${limit}`,
          path: `${path}${joint}limit=${limit}`,
          ...invalid,
        }))
      : []),
  ];
}

const malformedIds = ["x", "0", "null", "..%2f..", "%27%20or%201=1", `${uuidv7()}x`, "a".repeat(300)];

function pathCases(operation: Operation, path: string): readonly InputCase[] {
  const uuid = /[0-9a-f]{8}-[0-9a-f-]{27}/;
  // In the path alone: an id in the query is validated like any other field.
  if (!uuid.test(path.split("?")[0] ?? "")) return [];
  const notFound = { status: 404, code: "not_found" };
  const collection = operation.path.replace(/\{\w+\}.*/, "");
  return [...malformedIds, path.match(uuid)?.[0].replaceAll("-", "") ?? ""]
    .filter((id) => !collection.endsWith(`/${id}/`))
    .map((id) => ({ name: `the id ${id.slice(0, 20)}`, path: path.replace(uuid, id), ...notFound }));
}

/** Malformed input of every kind, sent by somebody whom the guards let pass; returns what was answered otherwise. */
export async function tryBadInput(
  app: TestApp,
  operation: Operation,
  { method, path, body }: AttemptRequest,
  token: string,
): Promise<string[]> {
  const authorization = { authorization: `Bearer ${token}` };
  const isWrite = method === "POST" || method === "PATCH";
  const cases: readonly InputCase[] = [
    ...(isWrite && operation.hasBody ? bodyCases(path, (body ?? {}) as Record<string, unknown>) : []),
    ...queryCases(path, operation.queryNames),
    ...pathCases(operation, path),
  ];
  const pieces = body === undefined ? [] : text(JSON.stringify(body));
  const flaws: string[] = [];
  for (const one of cases) {
    const headers = { ...(body !== undefined && json), ...one.headers, ...authorization };
    const answer = await raw(app.url, { pieces, ...one, method: one.method ?? method, headers }).catch(
      (error: Error): RawAnswer => ({ status: 0, headers: {}, text: error.message }),
    );
    const code = /"code":"(\w+)"/.exec(answer.text)?.[1];
    const isProblem = String(answer.headers["content-type"]).startsWith("application/problem+json");
    if (answer.status !== one.status || !isProblem || !one.code.split("|").includes(code ?? ""))
      flaws.push(
        `${one.name}: ${answer.status} ${code ?? answer.text.slice(0, 80)}, not ${one.status} ${one.code}`,
      );
  }
  return flaws;
}
