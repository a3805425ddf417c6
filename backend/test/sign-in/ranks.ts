/**
 * Mann–Whitney's U over the number of pairs: the chance that one of `a` is greater than one of `b`. 0.5 says that the
 * two cannot be told apart, 0 or 1 that one look is enough.
 */
export function areaUnderCurve(a: readonly number[], b: readonly number[]): number {
  let u = 0;
  for (const x of a) for (const y of b) u += x > y ? 1 : x === y ? 0.5 : 0;
  return u / (a.length * b.length);
}
