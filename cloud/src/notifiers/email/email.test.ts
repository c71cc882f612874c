import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasOpenssl, makeAuthority } from "@gengfu/shared/testing/certificates";
import { afterEach, describe, expect, it } from "vitest";
import { startFakeSmtp, type FakeSmtp, type SmtpOptions } from "../../../../test/support/fake-smtp.ts";
import type { Delivery, Message } from "../channel.ts";
import { fireMessage } from "../fixture.ts";
import { readSample } from "../readme-sample.ts";
import { createEmail } from "./email.ts";
import { emailSettings } from "./settings.ts";

const never = new AbortController().signal;

describe("e-mail", () => {
  let smtp: FakeSmtp;
  let folder: string | undefined;
  afterEach(async () => {
    await smtp.stop();
    if (folder !== undefined) rmSync(folder, { recursive: true });
    folder = undefined;
  });

  const start = async (options: SmtpOptions = {}): Promise<void> => void (smtp = await startFakeSmtp(options));
  const send = async (about: object = {}, message: Partial<Message> = {}): Promise<Delivery | undefined> => {
    const settings = emailSettings.parse({
      host: "127.0.0.1",
      port: smtp.port,
      security: "none",
      from: "gengfu@court.example",
      addresses: { "wang-qiang": "wang@court.example" },
      ...about,
    });
    return createEmail(settings).notifier?.send(fireMessage(message), never);
  };

  it("goes to the person's address, in both languages", async () => {
    await start();
    expect(await send()).toMatchObject({ ok: true, id: expect.stringMatching(/^<[0-9a-f]{32}@court\.example>$/) });
    const [mail] = smtp.mails;
    expect(mail).toMatchObject({ from: "gengfu@court.example", to: "wang@court.example" });
    const [header = "", ...paragraphs] = mail?.content.split("\r\n\r\n") ?? [];
    const text = paragraphs.join("\r\n\r\n");
    const words = [...header.matchAll(/=\?UTF-8\?([BQ])\?([^?]*)\?=/gi)].map(([, kind, word = ""]) =>
      kind?.toUpperCase() === "B"
        ? Buffer.from(word, "base64").toString()
        : decodeURIComponent(word.replaceAll("=", "%").replaceAll("_", " ")),
    );
    expect(words.join("")).toContain("火警 伊通县人民法院");
    const plain = /base64/i.test(header)
      ? Buffer.from(text, "base64").toString()
      : Buffer.from(
          text
            .replaceAll("=\r\n", "")
            .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
          "latin1",
        ).toString();
    expect(plain).toContain("火警触点闭合");
    expect(plain).toContain("Fire contact closed");
  });

  it("has the same id when the same message goes again, and another for another", async () => {
    await start();
    const ids = [await send(), await send(), await send({}, { about: "cleared" })].map((one) =>
      one?.ok ? one.id : null,
    );
    expect(ids[0]).toBe(ids[1]);
    expect(ids[0]).not.toBe(ids[2]);
  });

  it("signs on where it has a name, and is refused for good with a wrong password", async () => {
    await start({ user: { name: "gengfu", password: "code" } });
    expect(await send({ username: "gengfu", password: "code" })).toMatchObject({ ok: true });
    expect(smtp.mails[0]?.user).toBe("gengfu");
    expect(await send({ username: "gengfu", password: "wrong" })).toMatchObject({ retryable: false, code: "smtp_535" });
  });

  it.each([
    ["550 no such user", false, "smtp_550"],
    ["451 try later", true, "smtp_451"],
  ])("takes %s for a refusal; worth another try: %s", async (answer, retryable, code) => {
    await start();
    smtp.refuse(answer);
    expect(await send()).toMatchObject({ ok: false, retryable, code });
  });

  it("refuses whom the settings don't name", async () => {
    await start();
    expect(await send({}, { target: { id: "zhao", phone: null } })).toMatchObject({
      retryable: false,
      code: "no_address",
    });
  });

  it.skipIf(!hasOpenssl)("tells nothing before STARTTLS, and checks the certificate", async () => {
    folder = mkdtempSync(join(tmpdir(), "gengfu-email-"));
    const authority = makeAuthority(folder, "authority");
    await start({ tls: authority.issue("localhost") });
    const settings = { security: "starttls", host: "localhost" };
    expect(await send({ ...settings, ca: authority.certificate })).toMatchObject({ ok: true });
    expect(smtp.mails[0]?.wasEncrypted).toBe(true);
    expect(await send(settings)).toMatchObject({ ok: false, retryable: true, code: "unreachable" });
    expect(smtp.mails).toHaveLength(1);
  });

  it("sends nothing in the clear where the server offers no STARTTLS", async () => {
    await start();
    expect(await send({ security: "starttls" })).toMatchObject({ ok: false });
    expect(smtp.mails).toEqual([]);
  });

  it("has a README whose sample is a configuration", async () => {
    await start();
    const env = { SMTP_HOST: "smtp.exmail.qq.com", SMTP_USERNAME: "u", SMTP_PASSWORD: "p", SMTP_FROM: "a@b.cn" };
    expect(readSample(import.meta.dirname, "email", emailSettings, env)).toMatchObject({ port: 465, security: "tls" });
  });
});
