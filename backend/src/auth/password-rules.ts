import common from "@zxcvbn-ts/language-common";

/** On the wire, at the command line and in Better-auth alike. */
export const passwordLength = { min: 8, max: 128 } as const;

const commonPasswords: ReadonlySet<string> = new Set(common.dictionary["passwords-common"]);

/** Words of the product: nobody's password is made of them. */
const productWords = ["coaching", "coachingapp", "mentorship", "password"];

/** A password that needs its context words to be this long is none. */
const ownCharacters = 4;
const leastDifferent = 4;

/**
 * Why a new password would be guessed soon: it is one of the 49 000 most common, or little more than the name, the
 * address or the product. No rule of composition, so that a long sentence in any script is welcome.
 *
 * @param person whose password it is going to be, as far as that is known.
 * @returns a sentence for the person, or null when the password may be used.
 */
export function passwordWeakness(
  password: string,
  person: { readonly name?: string | undefined; readonly email?: string | undefined },
): string | null {
  const plain = password.normalize("NFKC").toLowerCase();
  if (new Set(plain).size < leastDifferent)
    return "This is nearly one character over and over: choose another one";
  if (commonPasswords.has(plain)) return "This is one of the most common passwords: choose another one";
  const words = [person.name ?? "", person.email ?? "", ...(person.email?.split("@") ?? [])]
    .flatMap((text) => [text, ...text.split(/[^\p{L}\p{N}]+/u)])
    .map((word) => word.normalize("NFKC").toLowerCase())
    .filter((word) => word.length >= 3);
  const longestFirst = [...productWords, ...words].sort((a, b) => b.length - a.length);
  const rest = longestFirst.reduce((text, word) => text.replaceAll(word, ""), plain);
  if (rest.length < plain.length && rest.replace(/[^\p{L}\p{N}]/gu, "").length < ownCharacters)
    return "This is little more than your name, your address or the product's: choose another one";
  return null;
}
