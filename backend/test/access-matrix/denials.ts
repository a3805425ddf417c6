import { expect, test } from "vitest";
import type { TestApp } from "../harness/app.ts";
import { call, type Person } from "../harness/client.ts";
import type { AttemptRequest } from "./attempt-request.ts";
import { type BadCredential, tryBadCredentials } from "./denials.credentials.ts";
import { tryBadInput } from "./denials.input.ts";
import type { Operation } from "./document.ts";

export interface DenialSuite {
  readonly app: TestApp;
  readonly credentials: readonly BadCredential[];
  /** Somebody whom the operation's guards let pass. */
  readonly allowed: Person;
  readonly operation: Operation;
  /** All operations, to know which methods a path offers. */
  readonly operations: readonly Operation[];
  /** A request that would succeed. */
  readonly request: () => Promise<AttemptRequest>;
}

/** What every operation refuses in the same way, whatever it does. */
export function commonDenials({
  app,
  credentials,
  allowed,
  operation,
  operations,
  request,
}: DenialSuite): void {
  if (operation.access !== "public")
    test(`${operation.id} opens to no bad credential`, async () => {
      expect(await tryBadCredentials(app, credentials, await request())).toEqual([]);
    });

  test(`${operation.id} refuses malformed input`, async () => {
    expect(await tryBadInput(app, operation, await request(), allowed.token)).toEqual([]);
  });

  test(`${operation.id} names its methods to a wrong one`, async () => {
    const { path } = await request();
    const offered = operations.filter((one) => one.path === operation.path).map((one) => one.method);
    const allow = [...offered, ...(offered.includes("GET") ? ["HEAD"] : [])].sort();
    for (const method of ["PUT", "DELETE", "POST", "PATCH", "GET"].filter((one) => !offered.includes(one))) {
      const { status, json, headers } = await call(app, method, path, { token: allowed.token });
      expect([status, json?.code], method).toEqual([405, "method_not_allowed"]);
      expect(headers.get("allow")?.split(", ").sort(), method).toEqual(allow);
    }
  });
}
