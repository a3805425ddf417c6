import { z } from "@hono/zod-openapi";
import { expect, test } from "vitest";
import { fieldErrors, speakPlainly } from "../../src/http/validation.ts";
import { startTestApp } from "../harness/app.ts";
import { call } from "../harness/client.ts";

speakPlainly();

test.each<[string, z.ZodType, unknown, string]>([
  ["nothing", z.string(), undefined, "Required"],
  ["no choice", z.enum(["a", "b"]), undefined, "Required"],
  ["another type", z.string(), 7, "Must be text"],
  ["text for a number", z.number(), "7", "Must be a number"],
  ["a fraction", z.int(), 1.5, "Must be a whole number"],
  ["no flag", z.boolean(), "yes", "Must be true or false"],
  ["nothing typed", z.string().min(1), "", "Must not be empty"],
  ["short text", z.string().min(8), "short", "Must be at least 8 characters"],
  ["long text", z.string().max(3), "long", "Must be at most 3 characters"],
  ["a small number", z.number().min(1), 0, "Must be at least 1"],
  ["a large number", z.number().max(9), 10, "Must be at most 9"],
  ["zero", z.number().positive(), 0, "Must be more than 0"],
  ["a long list", z.array(z.number()).max(1), [1, 2], "Must have at most 1 entry"],
  ["another choice", z.enum(["a", "b"]), "c", "Must be one of a, b"],
  ["another constant", z.literal(true), false, "Must be true"],
  ["no address", z.email(), "x", "Must be an e-mail address"],
  ["a pattern missed", z.string().regex(/^x$/), "y", "Has the wrong form"],
  ["words of the schema's own", z.string().regex(/^x$/, "Must be x"), "y", "Must be x"],
  ["a rule without words", z.string().refine(() => false), "y", "Is not valid"],
])("%s is told in plain words", (_, schema, value, message) => {
  const { error } = schema.safeParse(value);
  expect(error && fieldErrors(error)).toEqual([{ field: "", message }]);
});

test("sign-up and the API speak alike", async () => {
  const app = await startTestApp({ worker: false });
  const body = { email: "x", password: "short" };
  const { json } = await call(app, "POST", "/api/auth/sign-up/email", { body });
  expect(json.details).toEqual([
    { field: "name", message: "Required" },
    { field: "email", message: "Must be an e-mail address" },
    { field: "password", message: "Must be at least 8 characters" },
  ]);
});
