/** What was answered the first time. */
export interface StoredAnswer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}

export type Claim =
  | { readonly kind: "mine" }
  | { readonly kind: "running" }
  | { readonly kind: "mismatch" }
  /** `answer` is null where it carried a secret and was not kept. */
  | { readonly kind: "answered"; readonly answer: StoredAnswer | null };

export interface RequestKey {
  readonly userId: string;
  readonly route: string;
  readonly key: string;
  readonly bodyHash: string;
}

/** Remembers the first answer per user, route and key. */
export interface IdempotencyStore {
  /** Takes the key, or says what became of the request that has it. */
  claim(request: RequestKey): Promise<Claim>;
  keep(request: RequestKey, answer: StoredAnswer | null, status: number): Promise<void>;
  /** Gives the key back: the answer was not final. */
  release(request: RequestKey): Promise<void>;
}
