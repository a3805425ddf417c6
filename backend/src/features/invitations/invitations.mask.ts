const dots = "•••";

/** Enough of an address for its owner to know it by: no more of it, and nothing of its length. */
export function maskEmail(email: string): string {
  const at = email.lastIndexOf("@");
  const domain = email.slice(at + 1);
  const first = (text: string): string => [...text][0] ?? "";
  return `${first(email)}${dots}@${first(domain)}${dots}${domain.slice(domain.lastIndexOf("."))}`;
}
