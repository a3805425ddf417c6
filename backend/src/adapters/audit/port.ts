import type { Caller, Origin } from "../../auth/actor.ts";
import type { Transaction } from "../../db/client.ts";

export interface AuditTarget {
  readonly type: string;
  readonly id: string;
}

/** A change that happened, told in the transaction that makes it. */
export interface Allowed {
  readonly action: string;
  /** The organization whose log it belongs to; null is the platform's. */
  readonly organizationId: string | null;
  readonly target: AuditTarget;
  /** Field by field, never content and never a secret. */
  readonly changes?: Readonly<Record<string, unknown>>;
}

export interface Denied {
  readonly actorId: string | null;
  readonly origin: Origin;
  readonly action: string;
  readonly organizationId: string | null;
  readonly target: AuditTarget | null;
  /**
   * E-mail address that somebody tried to get into, instead of a target: its account, or a pseudonym where it has none.
   */
  readonly aimedAt?: string | undefined;
  readonly reason: string;
}

/** The append-only log of who did what, and who was refused. */
export interface AuditLog {
  /** @param caller null where the system did it */
  record(tx: Transaction, caller: Pick<Caller, "userId" | "origin"> | null, event: Allowed): Promise<void>;
  /** On its own: a refusal changes nothing else. */
  denied(event: Denied): Promise<void>;
  /** What the system or Better-auth did, right after the fact. */
  happened(event: Allowed & { actorId: string | null; origin: Origin | null }): Promise<void>;
}
