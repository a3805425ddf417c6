import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { AddressInfo, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";

/** A certificate that nobody has signed but itself. */
export function selfSignedCertificate(host = "localhost"): { key: string; cert: string } {
  const dir = mkdtempSync(join(tmpdir(), "cert-"));
  try {
    const [key, cert] = [join(dir, "key.pem"), join(dir, "cert.pem")];
    execFileSync(
      "openssl",
      [
        ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"],
        ...["-subj", `/CN=${host}`, "-addext", `subjectAltName=DNS:${host}`],
        ...["-keyout", key, "-out", cert],
      ],
      { stdio: "ignore" },
    );
    return { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

interface Caught {
  readonly sender: string;
  readonly recipients: readonly string[];
  readonly encrypted: boolean;
  readonly user: string | undefined;
  readonly raw: string;
}

/** A real SMTP server on a free port of localhost that keeps what it is sent. */
export async function startSmtpCatcher(options: SMTPServerOptions) {
  const caught: Caught[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disableReverseLookup: true,
    logger: false,
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        caught.push({
          sender: session.envelope.mailFrom ? session.envelope.mailFrom.address : "",
          recipients: session.envelope.rcptTo.map((to) => to.address),
          encrypted: session.secure,
          user: session.user,
          raw: Buffer.concat(chunks).toString("utf8"),
        });
        done();
      });
    },
    ...options,
  });
  // A client that refuses our certificate surfaces here as an error of the server; the tests look at the client.
  server.on("error", () => {});
  const sockets = new Set<Socket>();
  server.server.on("connection", (socket) => {
    sockets.add(socket.once("close", () => sockets.delete(socket)));
  });
  await new Promise<void>((ready) => {
    server.listen(0, "localhost", ready);
  });
  const { port } = server.server.address() as AddressInfo;
  /** Ends every connection, whatever is under way. */
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return { caught, port, cut, stop: () => new Promise<void>((done) => server.close(done)) };
}
