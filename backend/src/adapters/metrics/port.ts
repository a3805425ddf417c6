export interface SeenRequest {
  /** Anything; what we do not offer counts as one. */
  readonly method: string;
  /** A template, never a path: what callers choose may not become a label. */
  readonly route: string;
  readonly status: number;
  readonly seconds: number;
}

/** What failed: a password or code, a token, the app's key; or there was nothing but the lock of an account. */
export type AuthFailure = "credential" | "token" | "client_key" | "locked";

export type Result = "ok" | "failed";

/** What this process counts. No label is ever taken from a caller. */
export interface Metrics {
  request(seen: SeenRequest): void;
  authFailure(kind: AuthFailure): void;
  /** A limit was counted in this process because the shared store did not answer. */
  limiterFallback(): void;
  mail(result: Result): void;
  /** @param rule from our own table of them */
  anomalies(rule: string, count: number): void;
  job(job: string, result: Result): void;
  storage(operation: string, result: Result, seconds: number): void;
  /** Everything counted until now, as Prometheus reads it. */
  read(): Promise<{ readonly contentType: string; readonly text: string }>;
}
