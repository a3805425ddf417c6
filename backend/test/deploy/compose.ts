import { readFileSync } from "node:fs";
import { parse } from "yaml";

export const repository = new URL("../../../", import.meta.url);
export const readRepositoryFile = (path: string): string => readFileSync(new URL(path, repository), "utf8");

export interface Service {
  readonly image?: string;
  readonly user?: string;
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly env_file?: string;
  readonly secrets?: readonly string[];
  readonly configs?: readonly { readonly source: string; readonly target: string; readonly mode?: number }[];
  readonly ports?: readonly string[];
  readonly networks?: readonly string[];
  readonly volumes?: readonly (string | { readonly type: string; readonly target: string })[];
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly cap_add?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly restart?: string;
  readonly stop_grace_period?: string;
  readonly logging?: { readonly driver: string; readonly options: Record<string, string> };
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean };
  readonly deploy?: { readonly resources?: { readonly limits?: { readonly memory?: string } } };
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, Service>>;
  readonly secrets?: Readonly<Record<string, { file?: string; external?: boolean; name?: string }>>;
  readonly configs?: Readonly<Record<string, { readonly file: string }>>;
  readonly networks?: Readonly<Record<string, { readonly internal?: boolean } | null>>;
}

const VARIABLE = /\$\{(\w+)(?:(:[-?])([^}]*))?\}/g;

/** Puts values into `${NAME}`, `${NAME:-default}` and `${NAME:?complaint}`, as Compose does. */
export function interpolate(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(VARIABLE, (_, name: string, kind?: string, rest?: string) => {
    const value = values[name];
    if (value) return value;
    if (kind === ":?") throw new Error(`${name} is not set`);
    return rest ?? "";
  });
}

/** A Compose file of the repository, with anchors resolved and `values` put in. */
export const readCompose = (path: string, values: Readonly<Record<string, string>>): ComposeFile =>
  parse(interpolate(readRepositoryFile(path), values), { merge: true }) as ComposeFile;

/** What an operator writes into .env. */
export const operatorSettings = {
  BETTER_AUTH_URL: "https://api.coaching.test",
  S3_PUBLIC_ENDPOINT: "https://files.coaching.test",
  FRONTEND_URL: "https://app.coaching.test",
  CORS_ORIGIN: "https://app.coaching.test",
  SMTP_HOST: "smtp.coaching.test",
  SMTP_USER: "coaching",
  MAIL_FROM: "Coaching <no-reply@coaching.test>",
  BOOTSTRAP_ADMIN_EMAIL: "root@coaching.test",
};
