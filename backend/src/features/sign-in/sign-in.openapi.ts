import { type OpenAPIHono, z } from "@hono/zod-openapi";
import { idSchema } from "../../http/ids.ts";
import { instant, jsonBody, jsonResponse, problemResponse } from "../../http/openapi.ts";
import { takes, tells } from "../../http/openapi-headers.ts";
import type { AuthEndpoint } from "./sign-in.schema.ts";

const answer = z
  .object({
    status: z.boolean().optional(),
    success: z.boolean().optional(),
    message: z.string().optional(),
    user: z
      .object({
        id: idSchema,
        email: z.string(),
        name: z.string(),
        emailVerified: z.boolean(),
        twoFactorEnabled: z.boolean(),
        createdAt: instant,
      })
      .nullable()
      .optional(),
    nextStep: z
      .enum(["sign_in", "verify_email"])
      .optional()
      .openapi({ description: "Of a sign-up without a token; the same whether there was an account or not" }),
    method: z.literal("totp").optional(),
    totpURI: z.string().optional(),
    backupCodes: z.array(z.string()).optional(),
    session: z
      .object({
        id: idSchema,
        userId: idSchema,
        token: z.string(),
        createdAt: instant,
        updatedAt: instant,
        expiresAt: instant,
      })
      .optional(),
    token: z.string().nullable().optional().openapi({ description: "Signed; the same as `set-auth-token`" }),
    twoFactorRedirect: z.boolean().optional(),
    twoFactorMethods: z.array(z.string()).optional(),
    challengeToken: z
      .string()
      .optional()
      .openapi({ description: "Send it back as `X-Two-Factor-Challenge`" }),
    trustDeviceToken: z
      .string()
      .optional()
      .openapi({ description: "Send it as `X-Trust-Device` at sign-in" }),
  })
  .openapi("AuthAnswer");

const refusals: Readonly<Record<string, Record<number, ReturnType<typeof problemResponse>>>> = {
  "/sign-up/email": {
    403: problemResponse("By invitation only, or invited at another address"),
    404: problemResponse("No such invitation"),
  },
  "/sign-in/email": { 403: problemResponse("The address is not verified yet") },
  "/change-email": { 403: problemResponse("Show the credential again (`step_up_required`)") },
};

/** Puts the sign-in family into the document: the same table that the edge serves and validates by. */
export function documentAuth(
  registry: OpenAPIHono["openAPIRegistry"],
  endpoints: readonly AuthEndpoint[],
): void {
  for (const { method, path, summary, access, family, body, query } of endpoints) {
    const isOpen = access !== "session";
    const signsIn = access !== "public" || family === "sign-in" || family === "sign-up";
    registry.registerPath({
      method: method === "GET" ? "get" : "post",
      path: `/api/auth${path}`,
      operationId: `auth.${path.slice(1).replaceAll(/[/-](\w)/g, (_, letter: string) => letter.toUpperCase())}`,
      tags: ["Sign-in"],
      summary,
      "x-access": isOpen ? "public" : "self.read",
      ...(isOpen && { "x-public-reason": "nobody is signed in yet" }),
      security: isOpen ? [] : [{ bearer: [] }],
      parameters: takes(
        ...(access === "challenge" ? (["X-Two-Factor-Challenge"] as const) : []),
        ...(family === "sign-in" ? (["X-Trust-Device"] as const) : []),
      ),
      request: {
        ...(body && { body: jsonBody(body) }),
        ...(query && { query: query as unknown as z.ZodObject }),
      },
      responses: {
        200: { ...jsonResponse("Done", answer), ...(signsIn && { headers: tells("set-auth-token") }) },
        ...(query && { 302: { description: "Done, with `callbackURL`", headers: tells("Location") } }),
        400: problemResponse("A field is invalid"),
        401: problemResponse("Refused"),
        429: problemResponse("Too many attempts"),
        503: problemResponse("The database does not answer: try again later"),
        ...refusals[path],
      },
    });
  }
}
