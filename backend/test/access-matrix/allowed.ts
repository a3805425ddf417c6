import type { TestApp } from "../harness/app.ts";
import { call } from "../harness/client.ts";
import { requestOf } from "./attempt-request.ts";
import { attempts } from "./attempts.ts";
import type { Operation } from "./document.ts";
import { readTable } from "./table.ts";
import type { World } from "./world.ts";

interface Otherwise {
  readonly headers?: Record<string, string>;
  /** Another server on the same data. */
  readonly at?: { readonly url: string };
  readonly body?: unknown;
}

export interface Allowed {
  readonly operation: Operation;
  /** What succeeds, prepared anew. */
  readonly prepare: () => Promise<(otherwise?: Otherwise) => ReturnType<typeof call>>;
}

/** Each operation as an admin does it who may; without those that neither admin may. */
export function allowedOperations(
  app: TestApp,
  world: World,
  operations: readonly Operation[],
): readonly Allowed[] {
  const callers = { org_admin: world.here.people.org_admin, platform_admin: world.platformAdmin };
  return operations.flatMap((operation) => {
    const row = readTable().find(
      (one) =>
        one.operation === operation.id && Math.min(one.expected.org_admin, one.expected.platform_admin) < 300,
    );
    const prepare = row && attempts[row.key];
    if (!prepare) return [];
    const caller = row.expected.org_admin < 300 ? callers.org_admin : callers.platform_admin;
    return [
      {
        operation,
        async prepare() {
          const attempt = await prepare({ app, closedApp: app, caller, target: world.here });
          const { method, path, body } = requestOf(operation, operation.path, attempt);
          const token = operation.security.length > 0 ? (attempt.token ?? caller.token) : undefined;
          return ({ at = app, ...otherwise } = {}) => call(at, method, path, { token, body, ...otherwise });
        },
      },
    ];
  });
}
