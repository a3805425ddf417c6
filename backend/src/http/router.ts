import { OpenAPIHono } from "@hono/zod-openapi";
import type { SecuredEnv } from "./app-env.ts";
import { onInvalid } from "./validation.ts";

/** A feature's router: input that does not validate is refused in one way everywhere. */
export const createRouter = () =>
  new OpenAPIHono<SecuredEnv>({
    defaultHook: (result) => onInvalid(result as Parameters<typeof onInvalid>[0]),
  });
