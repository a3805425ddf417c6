import { randomUUID } from "node:crypto";
import { v7 as uuidv7 } from "uuid";
import { call } from "../harness/client.ts";
import type { Attempt } from "./attempts.ts";
import type { Operation } from "./document.ts";

/** An attempt as it goes over the wire. */
export interface AttemptRequest {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

export function requestOf(operation: Operation, alias: string, attempt: Attempt): AttemptRequest {
  const path = alias.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = attempt.params?.[name];
    if (value === undefined) throw new Error(`${operation.id}: no value for {${name}}`);
    return value;
  });
  return { method: operation.method, path: path + (attempt.query ?? ""), body: attempt.body };
}

/** The same request with every id replaced by one that nobody ever made. */
export function withRandomIds({ method, path, body }: AttemptRequest): AttemptRequest {
  const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
  return {
    method,
    path: path.replace(uuid, () => uuidv7()),
    body: body === undefined ? undefined : JSON.parse(JSON.stringify(body).replace(uuid, () => randomUUID())),
  };
}

/** Sends it under a request id of its own, by which the audit log can be asked. */
export async function send(app: { url: string }, request: AttemptRequest, token: string | undefined) {
  const requestId = randomUUID();
  const headers = { "x-request-id": requestId };
  const answer = await call(app, request.method, request.path, { token, body: request.body, headers });
  return { ...answer, requestId };
}

/** What a problem says apart from the request that it speaks of. */
export function withoutRequest(json: Record<string, unknown> | undefined): Record<string, unknown> {
  const { requestId: _, instance: __, ...rest } = json ?? {};
  return rest;
}
