import { type OpenAPIHono, z } from "@hono/zod-openapi";
import { jsonBody, jsonResponse, problemResponse } from "../../http/openapi.ts";
import type { AuthEndpoint } from "./sign-in.schema.ts";

const answer = z
  .looseObject({
    token: z.string().nullable().optional().openapi({ description: "Signed; the same as `set-auth-token`" }),
    twoFactorRedirect: z.boolean().optional(),
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

/** Puts the sign-in family into the document: the same table that the edge serves and validates by. */
export function documentAuth(
  registry: OpenAPIHono["openAPIRegistry"],
  endpoints: readonly AuthEndpoint[],
): void {
  for (const { method, path, summary, access, body, query } of endpoints) {
    const isOpen = access !== "session";
    registry.registerPath({
      method: method === "GET" ? "get" : "post",
      path: `/api/auth${path}`,
      operationId: `auth.${path.slice(1).replaceAll(/[/-](\w)/g, (_, letter: string) => letter.toUpperCase())}`,
      tags: ["Sign-in"],
      summary,
      "x-access": isOpen ? "public" : "self.read",
      ...(isOpen && { "x-public-reason": "nobody is signed in yet" }),
      security: isOpen ? [] : [{ bearer: [] }],
      request: {
        ...(body && { body: jsonBody(body) }),
        ...(query && { query: query as unknown as z.ZodObject }),
      },
      responses: {
        200: jsonResponse("Done", answer),
        400: problemResponse("A field is invalid"),
        401: problemResponse("Refused"),
        429: problemResponse("Too many attempts"),
      },
    });
  }
}
