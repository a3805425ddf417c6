import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseEnv } from "../../src/config/parse-env.ts";
import { variableList } from "../../src/config/variables.ts";
import { problemsOf } from "./problems.ts";
import { developmentEnv } from "./production-env.ts";

const secret = "A7f0Kq2mZx9Lw4Tn8Vr1Yc6Pb3Hs5Dju";

describe("a secret in a file", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "secret-files-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const file = (content: string): string => {
    const path = join(folder, "secret");
    writeFileSync(path, content);
    return path;
  };
  const token = (content: string) =>
    parseEnv({ ...developmentEnv, METRICS_TOKEN_FILE: file(content) }).metricsTokens[0];

  it("is read without the line end at its end", () => {
    expect(token(secret)).toBe(secret);
    expect(token(`${secret}\n`)).toBe(secret);
    expect(token(`${secret}\r\n`)).toBe(secret);
  });

  it("loses one line end and not two", () => {
    expect(() => token(`${secret}\n\n`)).toThrow(/METRICS_TOKEN contains/);
  });

  it("is refused beside the variable itself", () => {
    const source = { ...developmentEnv, METRICS_TOKEN: secret, METRICS_TOKEN_FILE: file(secret) };
    const [problem, ...others] = problemsOf(source);
    expect(problem).toMatchObject({
      variable: "METRICS_TOKEN",
      problem: "is set, and so is METRICS_TOKEN_FILE",
    });
    expect(others).toEqual([]);
  });

  it.each(["", "\n"])("is refused when there is nothing in it (%j)", (content) => {
    const problems = problemsOf({ ...developmentEnv, METRICS_TOKEN_FILE: file(content) }, () => content);
    expect(problems).toMatchObject([{ variable: "METRICS_TOKEN_FILE", problem: "names an empty file" }]);
  });

  it("is refused when it cannot be read, without repeating the path", () => {
    const path = join(folder, "missing");
    const attempt = () => parseEnv({ ...developmentEnv, METRICS_TOKEN_FILE: path });
    expect(attempt).toThrow("METRICS_TOKEN_FILE names a file that cannot be read (ENOENT)");
    expect(attempt).not.toThrow(path);
  });

  it("counts as the variable being set", () => {
    const url = developmentEnv.DATABASE_URL;
    expect(parseEnv({ DATABASE_URL_FILE: file(`${url}\n`) }).database.url).toBe(url);
    expect(problemsOf({ DATABASE_URL_FILE: "missing" })).toMatchObject([{ variable: "DATABASE_URL_FILE" }]);
  });

  it("is offered for exactly the secrets", () => {
    expect(variableList.flatMap(([name, { secret: isSecret }]) => (isSecret ? name : [])).toSorted()).toEqual(
      [
        "BETTER_AUTH_SECRET",
        "BETTER_AUTH_SECRETS",
        "BOOTSTRAP_ADMIN_PASSWORD",
        "CLIENT_API_KEY",
        "CLIENT_API_KEY_RETIRED",
        "DATABASE_OWNER_PASSWORD",
        "DATABASE_OWNER_URL",
        "DATABASE_PASSWORD",
        "DATABASE_URL",
        "DATA_KEYS",
        "METRICS_TOKEN",
        "OTEL_EXPORTER_OTLP_HEADERS",
        "REDIS_PASSWORD",
        "REDIS_URL",
        "S3_ACCESS_KEY_ID",
        "S3_SECRET_ACCESS_KEY",
        "S3_UPLOAD_ACCESS_KEY_ID",
        "S3_UPLOAD_SECRET_ACCESS_KEY",
        "SMTP_PASS",
        "STORAGE_SIGNING_KEY",
      ],
    );
  });

  it("is not looked for when the variable is no secret", () => {
    expect(parseEnv({ ...developmentEnv, PORT_FILE: file("4000") }).port).toBe(3001);
  });
});
