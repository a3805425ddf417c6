export type Attributes = Readonly<Record<string, string | number>>;

/** Something that takes time, until `end`. */
export interface Span {
  readonly traceId: string;
  /** @param failure what went wrong, by its kind: never a message, which may hold values */
  end(more?: { readonly name?: string; readonly attributes?: Attributes; readonly failure?: string }): void;
}

/** Tells where time went, from request to statement. Exists only where somebody listens. */
export interface Tracing {
  /** What a request takes, as part of the caller's trace where `traceparent` names one. */
  request(traceparent: string | undefined): Span;
  /** A part of what runs now, or a beginning of its own where nothing does. */
  start(name: string, attributes?: Attributes): Span;
  /** `work`, and all that it awaits, are parts of the span. */
  within<T>(span: Span, work: () => T): T;
  /** The trace of what runs now. */
  traceId(): string | undefined;
  /** Told whenever spans could not be handed over. */
  onFailure(tell: (error: Error) => void): void;
  /** Hands over what is left. */
  stop(): Promise<void>;
}

/** Runs `work` in a span; the same without tracing, which then costs nothing. */
export async function traced<T>(
  tracing: Tracing | undefined,
  name: string,
  work: () => Promise<T>,
): Promise<T> {
  if (!tracing) return work();
  const span = tracing.start(name);
  try {
    const result = await tracing.within(span, work);
    span.end();
    return result;
  } catch (error) {
    span.end({ failure: failureOf(error) });
    throw error;
  }
}

/** The kind of an error, without anything of its message. */
export const failureOf = (error: unknown): string =>
  error instanceof Error ? String((error as { code?: unknown }).code ?? error.name) : "unknown";
