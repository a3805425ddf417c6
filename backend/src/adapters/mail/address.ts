import { AppError } from "../../errors.ts";

const MAX_LENGTH = 254;

/**
 * `local@domain` and nothing around it. Quoted local parts, comments, groups, lists and display names are legal in
 * RFC 5322 and have all been used to add recipients or headers; no mailbox of ours needs them.
 */
const ADDRESS =
  /^[\p{L}\p{N}!#$%&'*+/=?^_`{|}~-]+(?:\.[\p{L}\p{N}!#$%&'*+/=?^_`{|}~-]+)*@[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?(?:\.[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?)*$/u;

/**
 * Exactly one mailbox, at most 254 characters.
 * @throws AppError validation_failed
 */
export function checkAddress(address: string): string {
  // The length first: it bounds what the pattern has to do.
  if (address.length > MAX_LENGTH || /[\p{C}\p{Z}]/u.test(address) || !ADDRESS.test(address))
    throw new AppError("validation_failed", "This is not a valid e-mail address.", {
      fields: [{ field: "email", message: "Must be one plain e-mail address of at most 254 characters." }],
    });
  return address;
}

/**
 * A subject is one line.
 * @throws AppError validation_failed
 */
export function checkSubject(subject: string): string {
  if (/[\p{Cc}\u2028\u2029]/u.test(subject))
    throw new AppError("validation_failed", "A mail's subject must not contain control characters.");
  return subject;
}
