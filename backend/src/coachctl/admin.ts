import { createPasswords } from "../auth/password.ts";
import { passwordLength, passwordWeakness } from "../auth/password-rules.ts";
import { createPlatformAdmin } from "../seed/platform-admin.ts";
import { type Command, readFlags, withDatabase } from "./command.ts";

export const createAdmin: Command = {
  name: "admin create",
  usage: "admin create --email you@example.com   (the password is read from standard input)",
  summary: "Create a platform admin",
  async run(terminal) {
    const { email } = readFlags(terminal, { email: { type: "string" } });
    if (!email) throw new Error("--email is needed");
    const password = await terminal.readLine("Password: ");
    const { min, max } = passwordLength;
    if (password.length < min || password.length > max)
      throw new Error(`The password must have ${min} to ${max} characters`);
    const weakness = passwordWeakness(password, { email });
    if (weakness) throw new Error(weakness);
    return withDatabase(terminal, async ({ db }) => {
      const created = await createPlatformAdmin(db, createPasswords({ concurrency: 1 }), {
        email,
        password,
        always: true,
      });
      terminal.print(
        created ? `${email} is a platform admin now and can sign in.` : `${email} has an account already.`,
      );
      return created ? 0 : 1;
    });
  },
};
