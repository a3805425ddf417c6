import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import manifest from "../../../package.json" with { type: "json" };
import { needed as backupNeeds } from "../../src/coachctl/backup.ts";
import { parseEnv } from "../../src/config/parse-env.ts";
import { parsePart } from "../../src/config/parse-part.ts";
import { variables } from "../../src/config/variables.ts";
import { operatorSettings, readCompose, readRepositoryFile, repository, type Service } from "./compose.ts";

const production = readCompose("docker-compose.prod.yml", operatorSettings);
const scan = readCompose("docker-compose.scan.yml", {});
const backups = readCompose("docker-compose.backup.yml", { BACKUP_RECIPIENT: `age1${"q".repeat(58)}` });
const monitoring = readCompose("docker-compose.monitoring.yml", {});
const swarm = readCompose("docker-compose.swarm.yml", {});
const development = readCompose("docker-compose.yml", {});
const { backend, worker, migrate } = production.services;
const inProduction = [
  ...Object.entries(production.services),
  ["clamav", scan.services.clamav],
  ["backup", backups.services.backup],
] as [string, Service][];
const delivered = [...inProduction, ["prometheus", monitoring.services.prometheus]] as [string, Service][];
const everyService = [...delivered, ...Object.entries(development.services)];

/** secrets/ as docker/make-secrets.sh makes it, in a folder of its own. */
const operator = mkdtempSync(join(tmpdir(), "operator-"));
afterAll(() => rmSync(operator, { recursive: true }));
mkdirSync(join(operator, "docker"));
const script = join(operator, "docker/make-secrets.sh");
cpSync(fileURLToPath(new URL("docker/make-secrets.sh", repository)), script);
const makeSecrets = () => execFileSync("sh", [script], { encoding: "utf8" });
const said = makeSecrets();
const secretsMade = readdirSync(join(operator, "secrets"));
const readSecret = (path: string) =>
  path === "/run/secrets/smtp_pass"
    ? "vK2mP9xQ"
    : readFileSync(join(operator, path.replace("/run/secrets/", "secrets/")), "utf8");

const secretFiles = ({ environment = {} }: Service) =>
  Object.entries(environment).filter(([name]) => name.endsWith("_FILE"));
const isOurs = ({ image = "" }: Service) => image.startsWith("coaching-app:");

describe("docker-compose.prod.yml", () => {
  it.each(delivered)(
    "gives %s a read-only root, no capabilities, limits and an end to its logs",
    (name, s) => {
      expect(s.read_only).toBe(true);
      expect(s.cap_drop).toEqual(["ALL"]);
      expect(s.cap_add ?? []).toEqual(name === "proxy" ? ["NET_BIND_SERVICE"] : []);
      expect(s.security_opt).toEqual(["no-new-privileges:true"]);
      expect(s.logging?.options).toMatchObject({ "max-size": "10m" });
      expect(s.deploy?.resources?.limits?.memory).toMatch(/^\d+[MG]$/);
      expect(s.stop_grace_period).toBeTruthy();
      expect(s.restart).toBeTruthy();
    },
  );

  it("publishes the ports of the proxy and no others", () => {
    const published = inProduction.filter(([, { ports }]) => ports).map(([name]) => name);
    expect(published).toEqual(["proxy"]);
  });

  it("keeps what holds data in networks that lead nowhere", () => {
    const outside = Object.entries(production.networks ?? {}).filter(([, network]) => !network?.internal);
    expect(outside.map(([name]) => name)).toEqual(["edge"]);
    for (const name of ["postgres", "redis", "store", "migrate", "store-setup"])
      expect(production.services[name]?.networks).not.toContain("edge");
  });

  it("hands every secret as a file, to those services only that read it", () => {
    const declared = { ...production.secrets };
    for (const [name, service] of inProduction) {
      const read = secretFiles(service).map(([, path]) => path.replace("/run/secrets/", ""));
      expect([name, read.toSorted()]).toEqual([name, (service.secrets ?? []).toSorted()]);
      for (const secret of read) expect(production.secrets).toHaveProperty(secret);
      for (const secret of read) delete declared[secret];
    }
    expect(declared).toEqual({});
  });

  it("has no password in its own text", () => {
    const mayStand = /^(postgres:\/\/\w+@|redis:\/\/redis:)/;
    for (const service of [backend, worker, migrate, backups.services.backup])
      for (const [name, value] of Object.entries(service?.environment ?? {}))
        if (name in variables && (variables as Record<string, { secret?: true }>)[name]?.secret)
          expect(`${name} ${value}`).toMatch(new RegExp(mayStand.source.replace("^", `^${name} `)));
  });

  it("starts a server and a worker with what production asks for, and with variables that exist", () => {
    for (const service of [backend, worker, scan.services.backend]) {
      for (const name of Object.keys(service?.environment ?? {}))
        expect(Object.keys(variables)).toContain(name.replace(/_FILE$/, ""));
    }
    const config = parseEnv({ ...backend?.environment, ...scan.services.backend?.environment }, readSecret);
    expect(config).toMatchObject({ mode: "production", worker: false, scan: { mode: "required" } });
    expect(config.clientKeys.map(({ name }) => name)).toEqual(["web", "ios", "android"]);
    expect(worker?.environment).toEqual(backend?.environment);
  });

  it("lets only the migration connect as owner, and gives it nothing else", () => {
    const owners = inProduction.filter(([, s]) => s.secrets?.includes("database_owner_password"));
    expect(owners.map(([name]) => name)).toEqual(["migrate", "postgres"]);
    expect(migrate?.secrets).toEqual(["database_owner_password"]);
    expect(migrate).not.toHaveProperty("env_file");
  });

  it("asks each service whether it is well, except jobs and the worker, which only run or end", () => {
    const unasked = inProduction.filter(([, s]) => !s.healthcheck?.test && !(isOurs(s) && !s.healthcheck));
    expect(unasked.map(([name]) => name)).toEqual(["worker", "migrate", "store-setup", "backup"]);
  });

  it("gives backups what they read, as production demands it, and no other secret", () => {
    const { environment, secrets, networks } = backups.services.backup ?? {};
    const config = parsePart(backupNeeds, { NODE_ENV: "production", ...environment }, readSecret);
    expect(config.backupRecipients).toHaveLength(1);
    expect(config.storage).toMatchObject({ driver: "s3", bucket: "coaching-app" });
    expect(Object.keys(environment ?? {}).map((name) => name.replace(/_FILE$/, ""))).toEqual(
      expect.arrayContaining(["DATABASE_PASSWORD", "S3_SECRET_ACCESS_KEY"]),
    );
    expect(secrets).toEqual(["database_password", "s3_access_key_id", "s3_secret_access_key"]);
    expect(networks).toEqual(["data"]);
    expect(() => parsePart(backupNeeds, { NODE_ENV: "production" }, readSecret)).toThrow("DATABASE_URL");
  });

  it("mounts files that exist, and scripts that can run", () => {
    const files = { ...production.configs, ...scan.configs, ...monitoring.configs };
    for (const { file } of Object.values(files)) {
      const path = fileURLToPath(new URL(file, repository));
      expect(existsSync(path)).toBe(true);
      if (path.endsWith(".sh")) expect(statSync(path).mode & 0o111).toBe(0o111);
    }
    for (const [, { configs = [] }] of delivered)
      for (const { source } of configs) expect(files).toHaveProperty(source);
  });

  it("shows the monitor to this host only", () => {
    expect(monitoring.services.prometheus?.ports).toEqual(["127.0.0.1:9090:9090"]);
  });
});

describe("secrets", () => {
  it("are made once, closed to everyone else on the host and readable in containers", () => {
    const first = readSecret("/run/secrets/database_password");
    expect(makeSecrets()).not.toContain("database_password");
    expect(readSecret("/run/secrets/database_password")).toBe(first);
    expect(statSync(join(operator, "secrets")).mode & 0o777).toBe(0o700);
    for (const name of secretsMade)
      expect(statSync(join(operator, "secrets", name)).mode & 0o777).toBe(0o444);
  });

  it("are all made but the mail password, which belongs to somebody else", () => {
    const missing = Object.keys(production.secrets ?? {}).filter((name) => !secretsMade.includes(name));
    expect(missing).toEqual(["smtp_pass"]);
    expect(said).toContain("secrets/smtp_pass is yours");
  });

  it("of the monitor is one token, which servers take, in a file that no rotation writes two into", () => {
    const { secrets = [] } = monitoring.services.prometheus ?? {};
    expect(secrets).toEqual(["metrics_scraper_token"]);
    expect(Object.keys(monitoring.secrets ?? {})).toEqual(secrets);
    for (const name of secrets) {
      expect(readRepositoryFile("docker/monitoring/prometheus.yml")).toContain(`/run/secrets/${name}\n`);
      expect(readSecret(`/run/secrets/${name}`)).toBe(readSecret("/run/secrets/metrics_token"));
      expect(backend?.secrets).not.toContain(name);
    }
  });

  it("are the same ones in Swarm, under versioned names", () => {
    expect(Object.keys(swarm.secrets ?? {})).toEqual(Object.keys(production.secrets ?? {}));
    for (const [key, { external, name }] of Object.entries(swarm.secrets ?? {}))
      expect({ external, name }).toEqual({ external: true, name: `${key}_v1` });
  });
});

describe("docker-compose.yml", () => {
  it("publishes the backend and the mailbox, to this machine only", () => {
    const ports = Object.values(development.services).flatMap((service) => service.ports ?? []);
    expect(ports).toEqual(["127.0.0.1:3001:3001", "127.0.0.1:8025:8025"]);
  });

  it("starts a server with variables that exist", () => {
    const environment = development.services.backend?.environment ?? {};
    for (const name of Object.keys(environment)) expect(Object.keys(variables)).toContain(name);
    expect(parseEnv(environment)).toMatchObject({ mode: "development", storage: { driver: "s3" } });
  });
});

describe("images", () => {
  it.each(everyService)("pin %s to a release", (_, { image = "" }) => {
    expect(image).toMatch(/^[a-z./-]+:(v?\d+(\.\d+)+|RELEASE\.[\dTZ-]+)(-\w+)?$/);
  });

  it("of ours carry the version of this repository", () => {
    for (const [, service] of everyService)
      if (isOurs(service)) expect(service.image).toBe(`coaching-app:${manifest.version}`);
  });
});
