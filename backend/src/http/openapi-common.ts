import { type AnswerHeader, headerComponents, type RequestHeader, takes, tells } from "./openapi-headers.ts";

interface Answer {
  readonly $ref?: string;
  readonly description?: string;
  readonly headers?: object;
  readonly content?: Readonly<Record<string, { readonly schema?: Schema }>>;
}

interface Schema {
  readonly $ref?: string;
  readonly properties?: { readonly version?: { readonly type?: string } };
}

/** As its route declares it. */
export interface Operation {
  readonly "x-access"?: string;
  readonly security?: readonly object[];
  readonly parameters?: readonly { readonly $ref?: string }[];
  readonly responses: Readonly<Record<string, Answer>>;
}

interface Place {
  readonly method: string;
  /** Behind the rate limit and the client's key. */
  readonly isCounted: boolean;
  readonly schemas: Readonly<Record<string, unknown>>;
}

const budget: readonly AnswerHeader[] = [
  "RateLimit-Limit",
  "RateLimit-Remaining",
  "RateLimit-Reset",
  "RateLimit-Policy",
];

const problem = (description: string, ...headers: AnswerHeader[]) => ({
  description,
  headers: tells("X-Request-Id", ...headers),
  content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
});

const refusals = {
  Invalid: problem("Malformed, or a field or parameter is invalid or unknown"),
  Unauthenticated: problem("Sign in first, or send the app's key", "WWW-Authenticate"),
  Forbidden: problem("Your role or your account does not allow this"),
  UnknownClient: problem("Send the app's key (`client_key_required`)", "WWW-Authenticate"),
  TooLarge: problem("The body is over 1 MB"),
  NotJson: problem("The body is not `application/json`"),
  OutdatedClient: problem("This build of the app is retired: update it"),
  RateLimited: problem("Too many requests", "Retry-After", ...budget),
  Unavailable: problem("Something that this needs does not answer: try again later", "Retry-After"),
  Refused: problem("Any other refusal, such as 414 or 500"),
};

/** A refusal, described once. */
export const refuses = (name: keyof typeof refusals): Answer => ({ $ref: `#/components/responses/${name}` });

/** What operations of the document refer to. */
export const commonComponents = { ...headerComponents, responses: refusals };

/** Beside the status, what a refusal tells in headers. */
const refusalHeaders: Readonly<Record<string, readonly AnswerHeader[]>> = {
  401: ["WWW-Authenticate"],
  409: ["Retry-After"],
  416: ["Content-Range"],
  429: ["Retry-After", ...budget],
  503: ["Retry-After"],
};

/**
 * An operation with all that goes without saying in its route: the headers that it takes and tells, and the refusals
 * of the corridor. Told from what the route declares: 412 needs `If-Match`, 304 `If-None-Match`, 206 `Range`.
 */
export function completed(operation: Operation, place: Place): Operation {
  const { responses, parameters = [], security = [] } = operation;
  const replays = parameters.some(({ $ref }) => $ref === takes("Idempotency-Key")[0]?.$ref);
  const all = { ...common(place, security.length > 0), ...responses, ...(replays && replayed(responses)) };
  const known = Object.entries(all).map(([status, answer]) => [
    status,
    answer.$ref ? answer : { ...answer, headers: { ...told(status, answer), ...answer.headers } },
  ]);
  return {
    ...operation,
    parameters: [...parameters, ...takes(...requestHeaders())],
    responses: { ...Object.fromEntries(known), default: refuses("Refused") },
  };

  function requestHeaders(): RequestHeader[] {
    return [
      ...("412" in responses ? (["If-Match"] as const) : []),
      ...("304" in responses ? (["If-None-Match"] as const) : []),
      ...("206" in responses ? (["Range", "If-Range"] as const) : []),
      ...(place.isCounted ? (["X-Client-Key"] as const) : []),
      "X-Request-Id",
    ];
  }

  function told(status: string, { content = {} }: Answer): object {
    if ("application/problem+json" in content)
      return tells("X-Request-Id", ...(refusalHeaders[status] ?? []));
    const isJson = "application/json" in content;
    const isVersioned = "304" in responses || (isJson && ("412" in responses || hasVersion(content)));
    return tells(
      "X-Request-Id",
      ...(place.isCounted ? budget : []),
      ...(security.length > 0 ? (["set-auth-token"] as const) : []),
      ...(replays ? (["Idempotency-Replayed"] as const) : []),
      ...(isVersioned ? (["ETag"] as const) : []),
      ...(Object.keys(content).length > 0 && !isJson ? (["Content-Disposition"] as const) : []),
      ...("206" in responses && status !== "304" ? (["Accept-Ranges"] as const) : []),
      ...(status === "206" ? (["Content-Range"] as const) : []),
    );
  }

  function hasVersion(content: NonNullable<Answer["content"]>): boolean {
    const schema = content["application/json"]?.schema;
    const name = schema?.$ref?.split("/").at(-1);
    const resolved = (name === undefined ? schema : place.schemas[name]) as Schema | undefined;
    return resolved?.properties?.version?.type === "integer";
  }
}

/** What the corridor refuses, before any handler. */
function common({ method, isCounted }: Place, isSecured: boolean): Record<string, Answer> {
  return {
    400: refuses("Invalid"),
    ...(isCounted && {
      401: refuses("UnknownClient"),
      426: refuses("OutdatedClient"),
      429: refuses("RateLimited"),
    }),
    ...(isSecured && { 401: refuses("Unauthenticated"), 503: refuses("Unavailable") }),
    ...(method !== "get" && { 413: refuses("TooLarge"), 415: refuses("NotJson") }),
  };
}

/** What an `Idempotency-Key` adds to the refusals of a route. */
function replayed(responses: Operation["responses"]): Record<string, Answer> {
  const also = (status: number, description: string) => {
    const own = responses[status]?.description;
    return problem(own ? `${own}. Or: ${description}` : description, ...(refusalHeaders[status] ?? []));
  };
  return {
    409: also(
      409,
      "the first request with this `Idempotency-Key` still runs, or its answer is not shown twice",
    ),
    422: also(422, "this `Idempotency-Key` was used with another body (`idempotency_mismatch`)"),
  };
}
