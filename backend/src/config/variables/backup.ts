import { ageRecipients } from "../values/age-recipients.ts";
import type { Variable } from "../variable.ts";

export const backup = {
  BACKUP_RECIPIENT: {
    type: ageRecipients,
    about:
      "Public age keys, comma-separated, that coachctl backup encrypts to: coachctl backup keygen makes one",
  },
} satisfies Record<string, Variable<unknown>>;
