import { z } from "@hono/zod-openapi";
import { AppError } from "../../errors.ts";
import { problemResponse } from "../../http/openapi.ts";
import { createRouter } from "../../http/router.ts";
import { publicRoute } from "../../http/secured-route.ts";
import { type Disclosure, securityTxt } from "./security-txt.ts";

const route = publicRoute("whoever found a vulnerability need not have an account", {
  operationId: "system.securityTxt",
  method: "get",
  path: "/.well-known/security.txt",
  tags: ["System"],
  summary: "Whom to tell of a vulnerability (RFC 9116)",
  responses: {
    200: { description: "Contacts", content: { "text/plain": { schema: z.string() } } },
    404: problemResponse("The operator named no contact"),
  },
});

/** Outside of `/api`, where RFC 9116 looks for it. */
export const securityTxtRoutes = (disclosure: Disclosure) =>
  createRouter().openapi(route, (c) => {
    const text = securityTxt(disclosure, new Date());
    if (text === undefined) throw new AppError("not_found", "Not found");
    return c.text(text, 200);
  });
