import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { TLSSocket } from "node:tls";

export interface Mail {
  readonly from: string;
  readonly to: string;
  /** Header and text as they came, dots unstuffed. */
  readonly content: string;
  readonly wasEncrypted: boolean;
  readonly user: string | null;
}

export interface FakeSmtp {
  readonly port: number;
  readonly mails: readonly Mail[];
  /** Answers to RCPT from now on, such as `550 no such user`; null for the usual one. */
  refuse(answer: string | null): void;
  stop(): Promise<void>;
}

export interface SmtpOptions {
  /** With them the server offers STARTTLS, and takes nothing before it. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** With them nothing is taken from whoever did not sign on. */
  readonly user?: { readonly name: string; readonly password: string };
}

/** A mail server by RFC 5321, with STARTTLS (RFC 3207) and AUTH PLAIN (RFC 4954), for one recipient a mail. */
export async function startFakeSmtp({ tls, user }: SmtpOptions = {}): Promise<FakeSmtp> {
  const mails: Mail[] = [];
  const sockets = new Set<Socket>();
  let refusal: string | null = null;

  function serve(socket: Socket, isEncrypted: boolean): void {
    const say = (line: string): void => void socket.write(`${line}\r\n`);
    let [from, to, signedOn, rest, isData] = ["", "", null as string | null, "", false];
    if (!isEncrypted) say("220 fake ESMTP");
    socket.on("error", () => socket.destroy());
    const listener = (bytes: Buffer): void => {
      rest += bytes.toString("utf8");
      for (;;) {
        const end = rest.indexOf(isData ? "\r\n.\r\n" : "\r\n");
        if (end < 0) return;
        const part = rest.slice(0, end);
        rest = rest.slice(end + (isData ? 5 : 2));
        if (isData) {
          mails.push({
            from,
            to,
            content: part.replaceAll("\r\n..", "\r\n."),
            wasEncrypted: isEncrypted,
            user: signedOn,
          });
          isData = false;
          say("250 queued");
        } else if (command(part)) return;
      }
    };
    socket.on("data", listener);

    /** Whether the socket is no longer ours. */
    function command(line: string): boolean {
      const word = line.split(/[ :]/)[0]?.toUpperCase();
      const address = /<([^>]*)>/.exec(line)?.[1] ?? "";
      if (word === "EHLO") {
        const offers = [
          "fake",
          ...(tls !== undefined && !isEncrypted ? ["STARTTLS"] : []),
          ...(user ? ["AUTH PLAIN"] : []),
        ];
        say(offers.map((offer, index) => `250${index < offers.length - 1 ? "-" : " "}${offer}`).join("\r\n"));
      } else if (word === "STARTTLS" && tls !== undefined) {
        say("220 go on");
        socket.off("data", listener);
        serve(new TLSSocket(socket, { isServer: true, cert: tls.certificate, key: tls.key }), true);
        return true;
      } else if (word === "AUTH") {
        const [, name, password] = Buffer.from(line.split(" ")[2] ?? "", "base64")
          .toString()
          .split("\0");
        const isRight = name === user?.name && password === user?.password;
        if (isRight) signedOn = name ?? null;
        say(isRight ? "235 welcome" : "535 authentication failed");
      } else if (word === "MAIL") {
        if (tls !== undefined && !isEncrypted) say("530 STARTTLS first");
        else if (user !== undefined && signedOn === null) say("530 sign on first");
        else {
          from = address;
          say("250 ok");
        }
      } else if (word === "RCPT") {
        to = address;
        say(refusal ?? "250 ok");
      } else if (word === "DATA") {
        isData = true;
        say("354 go on");
      } else if (word === "QUIT") {
        say("221 bye");
        socket.end();
      } else say(word === "RSET" || word === "NOOP" ? "250 ok" : "502 not implemented");
      return false;
    }
  }

  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    serve(socket, false);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    mails,
    refuse: (answer) => (refusal = answer),
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
