import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createClientIp, networkOf } from "../../src/http/client-ip.ts";
import { startTestApp } from "../harness/app.ts";
import { call, createPerson, password } from "../harness/client.ts";

const trusted = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255)).map((parts) => `10.${parts.join(".")}`);
/** Never inside 10/8. */
const untrusted = fc
  .tuple(fc.integer({ min: 11, max: 223 }), fc.nat(255), fc.nat(255), fc.nat(255))
  .map((parts) => parts.join("."));
const ipv4 = fc.oneof(trusted, untrusted);
const junk = fc.oneof(
  fc.string(),
  fc.constantFrom("", "unknown", "_hidden", "1.2.3.4:80", "[::1]:9", "1.2.3"),
);

describe("the walk through the proxies", () => {
  const clientIp = createClientIp(["10.0.0.0/8"]);

  test("ends at the first address from the right that is no proxy of ours, whatever stands left of it", () => {
    fc.assert(
      fc.property(
        trusted,
        fc.array(trusted, { maxLength: 4 }),
        untrusted,
        fc.array(fc.oneof(ipv4, junk), { maxLength: 4 }),
        (socket, proxies, client, forged) => {
          const header = [...forged.map((text) => text.replaceAll(",", "")), client, ...proxies].join(", ");
          expect(clientIp(socket, header)).toBe(client);
        },
      ),
    );
  });

  test("believes nothing that an untrusted peer says", () => {
    fc.assert(
      fc.property(
        untrusted,
        fc.oneof(
          fc.string(),
          fc.array(ipv4).map((all) => all.join()),
        ),
        (socket, header) => {
          expect(clientIp(socket, header)).toBe(socket);
        },
      ),
    );
  });

  test("stops at what is no address, and always gives an address", () => {
    fc.assert(
      fc.property(trusted, trusted, junk, ipv4, (socket, proxy, noise, left) => {
        const text = noise.replaceAll(",", "").trim();
        fc.pre(!/^[\d.]+$|^[0-9a-f:.]+$/i.test(text));
        expect(clientIp(socket, `${left},${text},${proxy}`)).toBe(proxy);
      }),
    );
  });

  test.each(["0X0", "0x7f000001", "127.1", "2130706433", "010.0.0.1"])(
    "takes %s for no address: only some programs do",
    (text) => {
      expect(clientIp("10.0.0.1", `192.0.2.1, ${text}, 10.0.0.2`)).toBe("10.0.0.2");
    },
  );

  test("with no proxies configured it is the socket's address", () => {
    const plain = createClientIp([]);
    fc.assert(fc.property(ipv4, fc.string(), (socket, header) => plain(socket, header) === socket));
  });

  test("IPv4 written as IPv6 is that IPv4", () => {
    fc.assert(
      fc.property(trusted, untrusted, (socket, client) => {
        expect(clientIp(`::ffff:${socket}`, `::ffff:${client}`)).toBe(client);
      }),
    );
  });
});

describe("what counts as one client", () => {
  const group = fc.nat(0xffff).map((n) => n.toString(16));
  const half = fc.tuple(group, group, group, group).map((parts) => parts.join(":"));

  test("an IPv6 /64 is one, another /64 another", () => {
    // 2000::/3 is what the internet uses, and no address of it stands for an IPv4.
    const prefix = fc
      .tuple(fc.integer({ min: 0x2003, max: 0x3fff }), group, group, group)
      .map(([first, ...rest]) => [first.toString(16), ...rest].join(":"));
    fc.assert(
      fc.property(prefix, prefix, half, half, (a, b, one, other) => {
        expect(networkOf(`${a}:${one}`)).toBe(networkOf(`${a}:${other}`));
        if (a !== b) expect(networkOf(`${a}:${one}`)).not.toBe(networkOf(`${b}:${one}`));
      }),
    );
  });

  test("every IPv4 is its own", () => {
    fc.assert(fc.property(ipv4, (ip) => networkOf(ip) === ip));
  });
});

describe("over the wire", async () => {
  const behind = await startTestApp({ worker: false, env: { TRUSTED_PROXIES: "127.0.0.0/8,10.0.0.0/8" } });
  const direct = await startTestApp({ worker: false, database: behind.database });
  const { email } = await createPerson(behind);

  /** The address that the list of auth sessions shows for a sign-in with these headers. */
  async function seenFrom(app: { url: string }, headers: Record<string, string>): Promise<string> {
    const { json } = await call(app, "POST", "/api/auth/sign-in/email", {
      body: { email, password },
      headers,
    });
    const list = await call(app, "GET", "/api/v1/me/auth-sessions", { token: json.token, headers });
    return list.json.data.find((one: { current: boolean }) => one.current).ip;
  }

  test("a trusted proxy is believed, a forged prefix is not", async () => {
    expect(await seenFrom(behind, { "x-forwarded-for": "203.0.113.7" })).toBe("203.0.113.7");
    expect(await seenFrom(behind, { "x-forwarded-for": "8.8.8.8, 203.0.113.7, 10.1.2.3" })).toBe(
      "203.0.113.7",
    );
    // The list may write out the zeros.
    const ipv6 = await seenFrom(behind, { "x-forwarded-for": "2001:db8:1:2::5" });
    expect(ipv6.replace(/\b0+(?=\w)/g, "").replace(/(:0)+:/, "::")).toBe("2001:db8:1:2::5");
  });

  test("an untrusted peer is seen as itself, whatever it forwards", async () => {
    for (const name of ["x-forwarded-for", "x-real-ip", "forwarded", "cf-connecting-ip", "true-client-ip"]) {
      const value = name === "forwarded" ? "for=203.0.113.7" : "203.0.113.7";
      expect(await seenFrom(direct, { [name]: value }), name).toBe("127.0.0.1");
    }
  });
});
