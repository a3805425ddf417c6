import type { z } from "@hono/zod-openapi";

const types: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  record: "an object",
};

const formats: Readonly<Record<string, string>> = {
  email: "an e-mail address",
  url: "a URL",
  uuid: "a UUID",
  datetime: "an RFC 3339 time",
};

/** What is wrong with a field, for the person who filled it in; where a schema has words of its own, those count. */
export const plainWords: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case "invalid_type":
      return issue.input === undefined ? "Required" : `Must be ${types[issue.expected] ?? issue.expected}`;
    case "invalid_value":
      if (issue.input === undefined) return "Required";
      return `Must be ${issue.values.length > 1 ? "one of " : ""}${issue.values.map(String).join(", ")}`;
    case "too_small":
      if (issue.origin === "string" && issue.minimum === 1) return "Must not be empty";
      return `Must ${limit(issue.origin, "at least", issue.minimum, issue.inclusive)}`;
    case "too_big":
      return `Must ${limit(issue.origin, "at most", issue.maximum, issue.inclusive)}`;
    case "invalid_format":
      return formats[issue.format] ? `Must be ${formats[issue.format]}` : "Has the wrong form";
    case "unrecognized_keys":
      return "Unknown field";
    default:
      return "Is not valid";
  }
};

function limit(origin: string, least: string, bound: number | bigint, inclusive = true): string {
  if (origin === "string") return `be ${least} ${bound} ${bound === 1 ? "character" : "characters"}`;
  if (origin === "array") return `have ${least} ${bound} ${bound === 1 ? "entry" : "entries"}`;
  if (inclusive) return `be ${least} ${bound}`;
  return `be ${least === "at least" ? "more" : "less"} than ${bound}`;
}
