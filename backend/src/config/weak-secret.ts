/** Shortest acceptable secret, in characters. */
export const MIN_SECRET_LENGTH = 32;

/** Words of manuals and samples. Long enough that random text contains one about once in a million. */
const PLACEHOLDER =
  /change[-_ ]?me|password|secret|example|placeholder|default|insecure|development|replace[-_ ]|your[-_]|minioadmin/i;

/** Whether this is text somebody copied from a sample rather than generated. */
export const isPlaceholder = (value: string): boolean => PLACEHOLDER.test(value);

/** 32 random hexadecimal digits, the poorest alphabet in use, have at least 2.85 in half a million tries. */
const ENTROPY_FLOOR_BITS_PER_CHARACTER = 2.5;

function entropyPerCharacter(value: string): number {
  const counts = new Map<string, number>();
  for (const character of value) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / value.length) * Math.log2(count / value.length);
  return bits;
}

/** "abcabc…" is found again inside its own double before the end. */
const isRepetition = (value: string): boolean => (value + value).indexOf(value, 1) < value.length;

/** "abcdefgh…", "98765432…": nearly all neighbours are one step apart; at most 63 % in the same tries. */
function isSequence(value: string): boolean {
  let steps = 0;
  for (let i = 1; i < value.length; i++)
    if (Math.abs(value.charCodeAt(i) - value.charCodeAt(i - 1)) <= 1) steps++;
  return steps > value.length * 0.8;
}

/**
 * Why a secret may not guard production, as a clause after its name, or undefined when nothing speaks against it.
 * It catches samples, key smashing and patterns; no function can tell that a text is random.
 */
export function weaknessOf(value: string): string | undefined {
  if (value.length < MIN_SECRET_LENGTH) return `is shorter than ${MIN_SECRET_LENGTH} characters`;
  if (isPlaceholder(value)) return "is a placeholder or contains a common word of samples";
  if (
    isRepetition(value) ||
    isSequence(value) ||
    entropyPerCharacter(value) < ENTROPY_FLOOR_BITS_PER_CHARACTER
  )
    return "is not random: it repeats or counts";
  return undefined;
}

/** The first weak one of several secrets, by its position when there are more. */
export function weakestOf(values: readonly string[]): string | undefined {
  for (const [i, value] of values.entries()) {
    const weakness = weaknessOf(value);
    if (weakness) return values.length === 1 ? weakness : `at position ${i + 1} ${weakness}`;
  }
  return undefined;
}
