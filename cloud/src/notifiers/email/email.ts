import { createHash } from "node:crypto";
import { messageOf } from "@gengfu/shared/errors";
import type { Transporter } from "nodemailer";
import type { Channel, Delivery, Message, Notifier } from "../channel.ts";
import { plainText, titleOf } from "../message-text.ts";
import type { EmailSettings } from "./settings.ts";

const text_bytes_max = 16_000;
/** No rule of mail's, but what a server takes of one sender without thinking of spam. */
const budget = { messages: 20, window_ms: 60_000 };
/** The stage around the notifier has its own limit; these keep sockets from outliving it for long. */
const timeouts = { connectionTimeout: 5_000, greetingTimeout: 5_000, socketTimeout: 10_000 };

/** E-mail, one to each person, in both languages. Without settings it is not configured. */
export function createEmail(settings: EmailSettings | undefined): Channel {
  return {
    name: "email",
    audience: "people",
    concurrency: 2,
    budgets: [budget],
    render: (message) => `${titleOf(message)}\n\n${plainText(message, text_bytes_max)}`,
    notifier: settings === undefined ? null : new Mailer(settings),
  };
}

class Mailer implements Notifier {
  readonly #settings: EmailSettings;
  #transport: Promise<Transporter> | undefined;

  constructor(settings: EmailSettings) {
    this.#settings = settings;
  }

  async send(message: Message): Promise<Delivery> {
    const to = this.#settings.addresses[message.target.id];
    if (to === undefined) {
      const detail = `addresses has no one for ${message.target.id}`;
      return { ok: false, retryable: false, code: "no_address", detail };
    }
    this.#transport ??= open(this.#settings);
    try {
      const transport = await this.#transport;
      const { messageId } = await transport.sendMail({
        from: this.#settings.from,
        to,
        subject: titleOf(message),
        text: plainText(message, text_bytes_max),
        messageId: messageIdOf(message, this.#settings.from),
        ...(message.severity === "critical" ? { priority: "high" } : {}),
        // names come from configurations: nothing of them is ever fetched
        disableFileAccess: true,
        disableUrlAccess: true,
      });
      return { ok: true, id: messageId };
    } catch (error) {
      return deliveryOfError(error);
    }
  }
}

/** Loaded when the first message goes: a cloud without e-mail needs none of it. */
async function open({ host, port, security, ca, username, password }: EmailSettings): Promise<Transporter> {
  const { createTransport } = await import("nodemailer");
  return createTransport({
    host,
    port,
    secure: security === "tls",
    ...(security === "starttls" ? { requireTLS: true } : {}),
    ...(security === "none" ? { ignoreTLS: true } : {}),
    ...(ca === undefined ? {} : { tls: { ca } }),
    ...(username === undefined ? {} : { auth: { user: username, pass: password ?? "" } }),
    ...timeouts,
  });
}

/** The same message has the same id, so that mailboxes can tell one that came twice. */
function messageIdOf({ alert, about, severity, target }: Message, from: string): string {
  const name = createHash("sha256").update([alert, about, severity, target.id].join("/")).digest("hex").slice(0, 32);
  return `<${name}@${from.slice(from.lastIndexOf("@") + 1)}>`;
}

/** What the server refuses with 5xx it will always refuse; 4xx passes by itself (RFC 5321, 4.2.1). */
function deliveryOfError(error: unknown): Delivery {
  const { code, responseCode } = error as { readonly code?: unknown; readonly responseCode?: unknown };
  const detail = messageOf(error);
  if (typeof responseCode === "number") {
    return { ok: false, retryable: responseCode < 500, code: `smtp_${responseCode}`, detail };
  }
  return {
    ok: false,
    retryable: true,
    code: "unreachable",
    detail: typeof code === "string" ? `${code}: ${detail}` : detail,
  };
}
