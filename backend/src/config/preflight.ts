import type { Config } from "./config.ts";
import { formatProblem } from "./config-error.ts";
import { type Judgement, judge, type Verdict } from "./judge.ts";
import { readTextFile } from "./parse-env.ts";
import { type ReadFile, readValues } from "./read-values.ts";
import { createRedactor } from "./redact.ts";
import { type Environment, isRequired } from "./variable.ts";
import { secretNames, variableList, variables } from "./variables.ts";

/** A look at the running parts. Resolves when all is well; rejects with an error that says what is not. */
export type Probe = (config: Config) => Promise<void>;

export interface Probes {
  /** The role of `DATABASE_URL` connects and is no superuser. */
  readonly databaseRole: Probe;
  /** The schema is not behind the migrations. */
  readonly schema: Probe;
  readonly storage: Probe;
  /** The store takes a signed URL at the address that clients use. */
  readonly publicStorage: Probe;
  /** The mail server accepts us, over TLS. */
  readonly mail: Probe;
}

export interface PreflightLine {
  /** What holds when `ok`. */
  readonly name: string;
  readonly ok: boolean;
  /** Why not, and what to do; empty when `ok`. Never holds a secret. */
  readonly detail: string;
}

const PROBE_NAMES: Readonly<Record<keyof Probes, string>> = {
  databaseRole: "The database answers, and its role is not a superuser",
  schema: "The schema is up to date",
  storage: "The store answers",
  publicStorage: "Clients reach the store, and signed URLs work there",
  mail: "The mail server accepts us",
};

const passed = (name: string): PreflightLine => ({ name, ok: true, detail: "" });
const failed = (name: string, detail: string): PreflightLine => ({ name, ok: false, detail });

function variableLines({ faults }: Judgement): PreflightLine[] {
  const lines = variableList.flatMap(([name, variable]) => {
    const fault = faults.get(name);
    if (isRequired(variable, "production"))
      return fault ? failed(`${name} is set`, formatProblem(fault)) : passed(`${name} is set`);
    return fault ? failed(`${name} is well-formed`, formatProblem(fault)) : [];
  });
  const onlyRequired = [...faults.keys()].every((name) => isRequired(variables[name], "production"));
  return onlyRequired ? [...lines, passed("Every other variable is well-formed")] : lines;
}

function verdictLine({ check, problem, blocked }: Verdict): PreflightLine {
  if (blocked) return failed(check.name, `cannot be told before this is right: ${check.reads.join(", ")}`);
  return problem ? failed(check.name, formatProblem(problem)) : passed(check.name);
}

function probeLines(probes: Probes, config: Config | undefined, secrets: readonly string[]) {
  const entries = Object.entries(PROBE_NAMES) as [keyof Probes, string][];
  if (!config) return entries.map(([, name]) => failed(name, "not tried: the settings come first"));
  const redact = createRedactor(secrets);
  return entries.map(async ([key, name]) => {
    try {
      await probes[key](config);
      return passed(name);
    } catch (error) {
      const message = error instanceof Error ? error.message : "failed";
      return failed(name, redact(message).replaceAll(/\s+/g, " ").trim() || "failed");
    }
  });
}

/**
 * Everything that production demands, as one line each: the very checks that `parseEnv` refuses by, judged as in
 * production whatever `NODE_ENV` says, then the live probes, which run only with settings that hold.
 */
export async function preflight(
  source: Environment,
  probes: Probes,
  read: ReadFile = readTextFile,
): Promise<PreflightLine[]> {
  const judgement = judge({ ...source, NODE_ENV: "production" }, read, "production");
  const { texts } = readValues(source, read);
  const secrets = secretNames.flatMap((name) => texts[name] || []);
  const mode = "NODE_ENV is production";
  return [
    source.NODE_ENV === "production" ? passed(mode) : failed(mode, "set NODE_ENV=production"),
    ...variableLines(judgement),
    ...judgement.verdicts.map(verdictLine),
    ...(await Promise.all(probeLines(probes, judgement.config, secrets))),
  ];
}

/** Lines for a terminal, what failed in capitals. */
export function formatPreflight(lines: readonly PreflightLine[]): string {
  const width = Math.max(0, ...lines.filter(({ ok }) => !ok).map(({ name }) => name.length));
  return lines
    .map(({ name, ok, detail }) => (ok ? `pass  ${name}` : `FAIL  ${name.padEnd(width)}  ${detail}`))
    .join("\n");
}
