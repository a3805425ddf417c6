import { expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call } from "../harness/client.ts";

const app = await startTestApp({ worker: false });
const { json: document, headers } = await call(app, "GET", "/api/v1/openapi.json");

interface Described {
  operationId?: string;
  summary?: string;
  tags?: string[];
  "x-access"?: string;
  security?: Record<string, string[]>[];
  parameters?: { in: string; name: string; required?: boolean; schema?: unknown }[];
  requestBody?: { content?: Record<string, { schema?: unknown }> };
  responses: Record<string, Answer & { $ref?: string }>;
}

interface Answer {
  description?: string;
  content?: Record<string, { schema?: unknown }>;
}

const operations = Object.entries(document.paths as Record<string, Record<string, Described>>).flatMap(
  ([path, methods]) => Object.entries(methods).map(([method, described]) => ({ path, method, ...described })),
);

function* nodesOf(node: unknown): Generator<Record<string, unknown>> {
  if (typeof node !== "object" || node === null) return;
  if (!Array.isArray(node)) yield node as Record<string, unknown>;
  for (const child of Object.values(node)) yield* nodesOf(child);
}

const resolve = (ref: string): unknown =>
  ref
    .slice(2)
    .split("/")
    .reduce<unknown>((node, part) => (node as Record<string, unknown> | undefined)?.[part], document);

const resolved = (answer: Answer & { $ref?: string }): Answer =>
  answer.$ref ? (resolve(answer.$ref) as Answer) : answer;

test("is an OpenAPI 3.1 document, served as JSON at both aliases", async () => {
  expect(document.openapi).toMatch(/^3\.1\.\d$/);
  expect(headers.get("content-type")).toMatch(/^application\/json/);
  expect(document.info).toMatchObject({ title: expect.any(String), version: expect.any(String) });
  expect((await call(app, "GET", "/api/openapi.json")).json).toEqual(document);
});

test("every $ref resolves within the document", () => {
  const refs = [...nodesOf(document)].flatMap(({ $ref }) => (typeof $ref === "string" ? [$ref] : []));
  expect(refs.length).toBeGreaterThan(10);
  expect(refs.filter((ref) => !ref.startsWith("#/") || resolve(ref) === undefined)).toEqual([]);
});

test("every component is used", () => {
  const refs = new Set([...nodesOf(document)].map(({ $ref }) => $ref));
  for (const kind of ["schemas", "parameters", "headers", "responses"]) {
    const names = Object.keys(document.components[kind]);
    expect(names.length, kind).toBeGreaterThan(5);
    expect(names.filter((name) => !refs.has(`#/components/${kind}/${name}`))).toEqual([]);
  }
});

test("every operation has an id of its own, a summary, tags, an access rule and its security", () => {
  const ids = operations.map(({ operationId }) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
  const poor = operations.filter(
    ({ operationId, summary, tags, security, "x-access": access }) =>
      !operationId || !summary || !tags?.length || !access || !security,
  );
  expect(poor).toEqual([]);
});

test("what an operation asks for is a security scheme of the document", () => {
  const schemes = Object.keys(document.components.securitySchemes);
  const asked = new Set(operations.flatMap(({ security = [] }) => security.flatMap(Object.keys)));
  expect([...asked].filter((name) => !schemes.includes(name))).toEqual([]);
  expect(document.components.securitySchemes.bearer).toMatchObject({ type: "http", scheme: "bearer" });
});

test("every parameter of a path is described, required, and in the path", () => {
  for (const { path, operationId, parameters = [] } of operations) {
    const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const described = parameters.filter((one) => one.in === "path");
    expect(described.map(({ name }) => name).sort(), operationId).toEqual(named.sort());
    expect(
      described.every(({ required, schema }) => required && schema),
      operationId,
    ).toBe(true);
    expect(path).not.toContain(":");
  }
});

test("every answer is described, and every refusal is a problem", () => {
  for (const { operationId, responses } of operations) {
    for (const [status, answer] of Object.entries(responses)) {
      const { description, content } = resolved(answer);
      expect(description, `${operationId} ${status}`).toBeTruthy();
      if (status < "400" || !content) continue;
      if (status === "503" && operationId === "system.ready") continue;
      expect(Object.keys(content), `${operationId} ${status}`).toEqual(["application/problem+json"]);
      expect(content["application/problem+json"]?.schema).toEqual({ $ref: "#/components/schemas/Problem" });
    }
  }
});

test("every body of a request is strict, so that a generated client cannot send more", () => {
  for (const { operationId, requestBody } of operations) {
    for (const { schema } of Object.values(requestBody?.content ?? {})) {
      const { $ref } = schema as { $ref?: string };
      const body = ($ref ? resolve($ref) : schema) as { additionalProperties?: unknown };
      expect(body.additionalProperties, operationId).toBe(false);
    }
  }
});

test("every field of a Problem is required and its codes are told", () => {
  expect(document.components.schemas.Problem.required.sort()).toEqual(
    [
      "type",
      "title",
      "status",
      "detail",
      "instance",
      "code",
      "requestId",
      "error",
      "message",
      "details",
    ].sort(),
  );
});
