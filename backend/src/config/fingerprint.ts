import { scrypt } from "node:crypto";
import { promisify } from "node:util";

const slowHash = promisify<string, string, number, Buffer>(scrypt);

/**
 * Tells two values of a secret apart without telling anything of them: 32 bits of a slow hash, so that it is no help in
 * guessing a password that a person chose. The name is the salt: equal values of two secrets do not look equal.
 */
export async function fingerprint(name: string, value: string): Promise<string> {
  return (await slowHash(value, `coaching-app fingerprint ${name}`, 4)).toString("hex");
}
