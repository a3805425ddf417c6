/** What was answered the first time. */
export interface StoredAnswer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}

export type Claim =
  | { readonly kind: "mine"; readonly held: HeldKey }
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

/** A key in the hands of one request. Once another has taken it over, `keep` and `release` change nothing. */
export interface HeldKey {
  /** Does the work, and holds the key as long as that takes. */
  during<T>(work: () => Promise<T>): Promise<T>;
  keep(answer: StoredAnswer | null, status: number): Promise<void>;
  /** Gives the key back: the answer was not final. */
  release(): Promise<void>;
}

/** Remembers the first answer per user, route and key. */
export interface IdempotencyStore {
  /** Takes the key, or says what became of the request that has it. */
  claim(request: RequestKey): Promise<Claim>;
}
