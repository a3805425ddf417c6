import type { z } from "zod";
import type { Variable } from "./variable.ts";
import { auth, clients } from "./variables/auth.ts";
import { backup } from "./variables/backup.ts";
import { database } from "./variables/database.ts";
import { limits } from "./variables/limits.ts";
import { mail } from "./variables/mail.ts";
import { redis } from "./variables/redis.ts";
import { scan } from "./variables/scan.ts";
import { server } from "./variables/server.ts";
import { storage } from "./variables/storage.ts";
import { traces } from "./variables/traces.ts";

/** Every variable by topic, in the order of `.env.example`. */
export const variableGroups = {
  Server: server,
  Database: database,
  "Sign-in": auth,
  "App builds": clients,
  Limits: limits,
  Redis: redis,
  Files: storage,
  "Malware scan": scan,
  Mail: mail,
  Backup: backup,
  Traces: traces,
} satisfies Record<string, Record<string, Variable<unknown>>>;

/** Every variable the product reads. Anything else in the environment is ignored. */
export const variables = {
  ...server,
  ...database,
  ...auth,
  ...clients,
  ...limits,
  ...redis,
  ...storage,
  ...scan,
  ...mail,
  ...backup,
  ...traces,
};

type Variables = typeof variables;
export type Name = keyof Variables;

/** Present once parsing succeeded: because of a default, or because it must be given. */
type Present<V> = V extends { default: unknown } | { required: "always" } ? never : undefined;

/** What the variables say, read and with defaults filled in, before they are judged together. */
export type Settings = {
  readonly [N in Name]: z.output<Variables[N]["type"]> | Present<Variables[N]>;
};

/** The same table for code that walks it. */
export const variableList = Object.entries(variables) as readonly (readonly [Name, Variable<unknown>])[];

export const secretNames: readonly Name[] = variableList.flatMap(([name, { secret }]) =>
  secret ? [name] : [],
);
