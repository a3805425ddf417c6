import { createPasswords } from "../auth/password.ts";
import { createPlatformAdmin } from "../platform-admin.ts";
import { type Command, readFlags, withDatabase } from "./command.ts";

export const createAdmin: Command = {
  name: "admin create",
  usage: "admin create --email you@example.com   (the password is read from standard input)",
  summary: "Create a platform admin",
  async run(terminal) {
    const { email } = readFlags(terminal, { email: { type: "string" } });
    if (!email) throw new Error("--email is needed");
    const password = await terminal.readLine("Password: ");
    if (password.length < 8 || password.length > 128)
      throw new Error("The password must have 8 to 128 characters");
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
