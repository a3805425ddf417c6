import { expect, test } from "vitest";
import { securityTxt } from "../../src/features/system/security-txt.ts";
import { startTestApp } from "../harness/app.ts";
import { call } from "../harness/client.ts";
import { headerFlaws } from "./headers.ts";

const app = await startTestApp({ worker: false });
const named = await startTestApp({
  worker: false,
  database: app.database,
  env: {
    BETTER_AUTH_URL: "https://api.example.test",
    SECURITY_CONTACT: "Security@example.test, https://example.test/report",
    SECURITY_POLICY_URL: "https://example.test/security-policy",
  },
});
const path = "/.well-known/security.txt";

test("says whom to tell, in the form of RFC 9116", async () => {
  const { status, headers, text } = await call(named, "GET", path);
  expect(status).toBe(200);
  expect(headers.get("content-type")).toBe("text/plain; charset=UTF-8");
  expect(text.replace(/^Expires: .*$/m, "Expires: …")).toBe(
    `Contact: mailto:security@example.test
Contact: https://example.test/report
Expires: …
Preferred-Languages: en
Canonical: https://api.example.test/.well-known/security.txt
Policy: https://example.test/security-policy
`,
  );
});

test.each(["2026-11-21T00:00:00Z", "2026-12-31T23:59:59.999Z", "2028-02-29T12:00:00Z"])(
  "asked at %s it is good for months, and less than a year",
  (moment) => {
    const disclosure = { publicUrl: "", securityContacts: ["tel:+1"], securityPolicyUrl: undefined };
    const [, expires = ""] = /^Expires: (.*)$/m.exec(securityTxt(disclosure, new Date(moment)) ?? "") ?? [];
    expect(expires).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    const days = (Date.parse(expires) - Date.parse(moment)) / 86_400_000;
    expect(days).toBeGreaterThan(90);
    expect(days).toBeLessThan(365);
  },
);

test("without a contact there is none", async () => {
  const { status, json } = await call(app, "GET", path);
  expect([status, json.code]).toEqual([404, "not_found"]);
});

test("carries every security header, with and without a contact", async () => {
  for (const at of [app, named]) {
    const { headers } = await call(at, "GET", path);
    expect(headerFlaws((name) => headers.get(name))).toEqual([]);
  }
});

test("is read only, asks for nothing and takes no question", async () => {
  expect((await call(named, "HEAD", path)).status).toBe(200);
  for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
    const answer = await call(named, method, path);
    expect([answer.status, answer.headers.get("allow")], method).toEqual([405, "GET, HEAD"]);
  }
  expect((await call(named, "GET", `${path}?format=json`)).status).toBe(400);
});
