const sent = (description: string, schema: object = {}) => ({
  in: "header",
  required: false,
  description,
  schema: { type: "string", ...schema },
});
const told = (description: string, type = "string") => ({ description, schema: { type } });

const parameters = {
  "X-Request-Id": sent("Your name for this request, by which the log knows it", {
    pattern: "^[A-Za-z0-9._-]{1,64}$",
  }),
  "X-Client-Key": sent("Names the build of the app; needed where the server says so"),
  "Idempotency-Key": sent("The same key with the same body gets the first answer again, for 24 hours", {
    pattern: "^[\\x21-\\x7e]{1,255}$",
  }),
  "If-Match": sent("`ETag` of the version that this is meant for: 412 when it is another by now"),
  "If-None-Match": sent("`ETag` of what you have: 304 when it is that still"),
  Range: sent("One range, such as `bytes=0-1023`"),
  "If-Range": sent("`ETag` of what you have a part of: everything when it is another by now"),
  "X-Two-Factor-Challenge": sent("`challengeToken` of the sign-in that this finishes"),
  "X-Trust-Device": sent("`trustDeviceToken` that this device was given: no code is asked for"),
};

const headers = {
  "X-Request-Id": told("Name of this request in the log"),
  "RateLimit-Limit": told("Size of the budget of which the smallest share is left", "integer"),
  "RateLimit-Remaining": told("What is left of it", "integer"),
  "RateLimit-Reset": told("Seconds until it is whole again", "integer"),
  "RateLimit-Policy": told("That budget, such as `600;w=600`"),
  "Retry-After": told("Seconds after which it makes sense to try again", "integer"),
  "WWW-Authenticate": told("`Bearer`"),
  "set-auth-token": told("Store this token instead of the one you have"),
  "Idempotency-Replayed": told("`true` where this was answered before"),
  ETag: told("Names what is answered, for `If-Match`, `If-None-Match` or `If-Range`"),
  Location: told("Path of what was made, or the page to go on to"),
  "Accept-Ranges": told("`bytes`"),
  "Content-Range": told("Which bytes these are, and of how many"),
  "Content-Disposition": told("Name to save it under"),
};

export type RequestHeader = keyof typeof parameters;
export type AnswerHeader = keyof typeof headers;

/** Every header of the document, described once. */
export const headerComponents = {
  parameters: Object.fromEntries(Object.entries(parameters).map(([name, one]) => [name, { name, ...one }])),
  headers,
};

/** Headers that an operation understands. */
export const takes = (...names: readonly RequestHeader[]) =>
  names.map((name) => ({ $ref: `#/components/parameters/${name}` }));

/** Headers that an answer may carry. */
export const tells = (...names: readonly AnswerHeader[]) =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
