import { z } from "zod";
import { entriesOf } from "./network.ts";

/** `name=value,name=value` as OpenTelemetry spells it. */
export const otlpHeaders = z
  .string()
  .transform((text, context): Readonly<Record<string, string>> => {
    const headers = entriesOf(text).map((entry, i) => {
      const [, name = "", value = ""] = /^([!#$%&'*+.^`|~\w-]+)=([\x21-\x7e]+)$/.exec(entry) ?? [];
      const decoded = decode(value);
      if (name === "" || decoded === null) context.addIssue(`has no name=value at position ${i + 1}`);
      return [name, decoded ?? ""];
    });
    return Object.fromEntries(headers);
  })
  .describe("name=value, separated by commas, values percent-encoded");

/** Null for what is not percent-encoded, or would end a header's line. */
function decode(value: string): string | null {
  try {
    const decoded = decodeURIComponent(value);
    return /^[\x20-\x7e]*$/.test(decoded) ? decoded : null;
  } catch {
    return null;
  }
}

const expected = "a number from 0 to 1";

export const share = z
  .string()
  .regex(/^(0|1|[01]?\.\d{1,6})$/, `is not ${expected}`)
  .transform(Number)
  .pipe(z.number().min(0, `is not ${expected}`).max(1, `is not ${expected}`))
  .describe(expected);
