import { selfSignedCertificate, startSmtpCatcher } from "../mail/smtp-catcher.ts";

/** A mail server with one account, whose password is another from one moment on. */
export async function startMailServer(first: string) {
  let password = first;
  let refused = 0;
  const server = await startSmtpCatcher({
    ...selfSignedCertificate(),
    authOptional: false,
    onAuth({ username, password: sent }, _session, done) {
      if (sent === password) return done(null, { user: username ?? "" });
      refused += 1;
      done(new Error("not the password"));
    },
  });
  return {
    ...server,
    refused: () => refused,
    /** From now on, and for everybody who is signed in as well. */
    change(to: string): void {
      password = to;
      server.cut();
    },
  };
}
