import type { HttpBindings } from "@hono/node-server";
import type { Logger } from "pino";
import type { AuditLog } from "../adapters/audit/port.ts";
import type { IdempotencyStore } from "../adapters/idempotency/port.ts";
import type { Actor, Alongside, Caller, Origin } from "../auth/actor.ts";
import type { ErrorCode } from "../errors.ts";

/** What the corridor leaves for the handlers of a request. */
export interface AppEnv {
  Bindings: HttpBindings;
  Variables: {
    origin: Origin;
    log: Logger;
    audit: AuditLog;
    idempotency: IdempotencyStore;
    /** Who is signed in; null on public routes and before authentication. */
    actor: Actor | null;
    /** Looks up once more who is signed in; set with `actor`. */
    lookAgain?: () => Promise<Actor | null>;
    /** Read together with `actor`. */
    alongside?: Alongside | undefined;
    /** Where this request is traced. */
    traceId?: string;
    /** Smallest share left of any budget this request counted against. */
    tightestShare?: number;
    /** Code of the problem answered, for the log and the counters. */
    problem?: ErrorCode;
    /** What a guard was asked for, so that its refusal can be audited. */
    attempt?: Attempt;
  };
}

export interface Attempt {
  readonly action: string;
  /** The organization in the path, once the caller is known to belong to it. */
  readonly organizationId?: string;
}

/** On guarded routes: somebody is signed in. */
export interface SecuredEnv extends AppEnv {
  Variables: AppEnv["Variables"] & { actor: Actor; caller: Caller };
}
