import { z } from "zod";

const RECIPIENT = /^age1[a-z0-9]{20,4000}$/;

/** Public keys. The secret half must not come here by mistake. */
export const ageRecipients = z
  .string()
  .transform((text) => text.split(",").map((recipient) => recipient.trim()))
  .pipe(z.array(z.string().regex(RECIPIENT, "is not a list of age recipients")))
  .describe("age1…, the public half of an age key, or several with commas in between");
