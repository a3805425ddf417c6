import { isIP } from "node:net";
import ipaddr from "ipaddr.js";

/** The caller's address from the socket's and the forwarding header. */
export type ClientIp = (socketAddress: string | undefined, forwardedFor: string | undefined) => string;

/** Node writes what the kernel says: nothing to normalise. */
const plainIPv4 = /^\d{1,3}(\.\d{1,3}){3}$/;

type Parsed = ReturnType<typeof ipaddr.process>;

/**
 * Walks from the socket to the left through proxies that we trust, and stops at the first address we do not: a header
 * that an untrusted peer sent has no effect.
 *
 * @param trustedProxies CIDRs, validated by the configuration.
 */
export function createClientIp(trustedProxies: readonly string[]): ClientIp {
  const isTrusted = createTrust(trustedProxies);
  const trustsNobody = trustedProxies.length === 0;
  return (socketAddress, forwardedFor) => {
    if (trustsNobody && socketAddress && plainIPv4.test(socketAddress)) return socketAddress;
    let current = parse(socketAddress ?? "");
    if (!current) return "0.0.0.0";
    if (trustsNobody || forwardedFor === undefined) return current.toString();
    for (const hop of forwardedFor.split(",").reverse()) {
      if (!isTrusted(current)) break;
      const address = parse(hop.trim());
      if (!address) break;
      current = address;
    }
    return current.toString();
  };
}

/** Whether a request comes straight from a proxy of ours. */
export function createTrustedPeer(
  trustedProxies: readonly string[],
): (socketAddress: string | undefined) => boolean {
  const isTrusted = createTrust(trustedProxies);
  return (socketAddress) => {
    const address = parse(socketAddress ?? "");
    return address !== null && isTrusted(address);
  };
}

/** What one caller can change at will counts as one: IPv6 by /64, IPv4 whole. */
export function networkOf(ip: string): string {
  return ip.includes(":") ? prefixOf(ip, 64) : ip;
}

/** What takes more than a rented machine to leave: IPv6 by /48, IPv4 by /24. */
export function neighbourhoodOf(ip: string): string {
  return prefixOf(ip, ip.includes(":") ? 48 : 24);
}

function prefixOf(ip: string, bits: number): string {
  const address = parse(ip);
  if (!address) return ip;
  const kept = address.toByteArray().map((byte, i) => (i * 8 < bits ? byte : 0));
  return `${ipaddr.fromByteArray(kept).toString()}/${bits}`;
}

function createTrust(trustedProxies: readonly string[]): (address: Parsed) => boolean {
  const ranges = trustedProxies.map((cidr) => ipaddr.parseCIDR(cidr));
  return (address) =>
    ranges.some(([range, bits]) => address.kind() === range.kind() && address.match(range, bits));
}

/** IPv4-mapped IPv6 comes out as IPv4. Node knows the common notation alone, the library also `0x0` and `127.1`. */
function parse(text: string): Parsed | null {
  return isIP(text) !== 0 && ipaddr.isValid(text) ? ipaddr.process(text) : null;
}
