import type { Pty } from "./pty.ts";

export interface SentText {
  readonly number: string;
  readonly text: string;
}

/** Speaks as a GSM modem does, by 3GPP TS 27.005 and 27.007, without the code that it tests. */
export class ScriptedModem {
  /** Texts that it sent, whole. */
  readonly sent: SentText[] = [];
  /** Octets that were announced and did not come. */
  miscounted = 0;
  /** What AT+CPIN? tells. */
  sim = "+CPIN: READY";
  registration = 1;
  rssi = 20;
  isSilent = false;
  /** Answers to the next PDUs, instead of taking them. */
  readonly refusals: string[] = [];
  /** Called after each text. */
  onSent: (text: SentText) => void = () => undefined;
  /** Called with each command, once it is answered. */
  onCommand: (command: string) => void = () => undefined;
  readonly #pty: Pty;
  readonly #parts = new Map<string, string[]>();
  #held = "";
  #echoes = true;
  #expected: number | null = null;

  constructor(pty: Pty) {
    this.#pty = pty;
    pty.onData = (chunk) => this.#receive(chunk.toString("latin1"));
  }

  /** Resolves with the next text that it sends. */
  next(): Promise<SentText> {
    return new Promise((resolve) => (this.onSent = resolve));
  }

  /** Says something of its own. */
  say(text: string): void {
    this.#write(`\r\n${text}\r\n`);
  }

  #receive(text: string): void {
    if (this.isSilent) return;
    if (this.#echoes) this.#write(text);
    this.#held += text;
    for (;;) {
      const ends = this.#expected === null ? ["\r"] : ["\u001a", "\u001b"];
      const found = ends.map((one) => this.#held.indexOf(one)).filter((at) => at >= 0);
      if (found.length === 0) return;
      const end = Math.min(...found);
      const piece = this.#held.slice(0, end);
      const isEscape = this.#held[end] === "\u001b";
      this.#held = this.#held.slice(end + 1);
      if (this.#expected === null) this.#command(piece.replaceAll(/[^\u0020-\u007e]/g, ""));
      else if (isEscape) this.#answer(null);
      else this.#take(piece);
    }
  }

  #command(command: string): void {
    const submit = /^AT\+CMGS=(\d+)$/.exec(command);
    if (submit !== null) {
      this.#expected = Number(submit[1]);
      this.#write("\r\n> ");
      return;
    }
    if (command === "ATE0") this.#echoes = false;
    const told: Readonly<Record<string, string>> = {
      "AT+CPIN?": this.sim,
      "AT+CREG?": `+CREG: 0,${this.registration}`,
      "AT+CEREG?": "ERROR",
      "AT+CSQ": `+CSQ: ${this.rssi},99`,
    };
    // another thing that happens meanwhile
    if (command === "AT+CSQ") this.say("RING");
    this.#answer(told[command] ?? null);
    this.onCommand(command);
  }

  #answer(line: string | null): void {
    this.#expected = null;
    if (line?.includes("ERROR") === true) return this.say(line);
    this.#write(`${line === null ? "" : `\r\n${line}\r\n`}\r\nOK\r\n`);
  }

  #take(hex: string): void {
    const bytes = Buffer.from(hex, "hex");
    if (bytes.length - 1 !== this.#expected) this.miscounted += 1;
    this.#expected = null;
    const refusal = this.refusals.shift();
    if (refusal !== undefined) return this.say(refusal);
    this.say('+CMTI: "SM",1');
    this.#answer("+CMGS: 7");
    const whole = this.#join(bytes);
    if (whole === null) return;
    this.sent.push(whole);
    this.onSent(whole);
  }

  /** The text of a PDU, once all of its parts are there. */
  #join(bytes: Buffer): SentText | null {
    const first = bytes[1] ?? 0;
    const digits = bytes[3] ?? 0;
    const octets = Math.ceil(digits / 2);
    const swapped = bytes
      .subarray(5, 5 + octets)
      .toString("hex")
      .replaceAll(/(.)(.)/g, "$2$1")
      .slice(0, digits);
    const number = `${bytes[4] === 0x91 ? "+" : ""}${swapped}`;
    const data = bytes.subarray(5 + octets + 2 + ((first & 0x18) === 0x10 ? 1 : 0) + 1);
    if ((first & 0x40) === 0) return { number, text: textOf(data) };
    const [, , , reference = 0, total = 0, index = 0] = data;
    const key = `${number}/${reference}`;
    const parts = this.#parts.get(key) ?? [];
    parts[index - 1] = textOf(data.subarray(6));
    this.#parts.set(key, parts);
    if (parts.filter((part) => part !== undefined).length < total) return null;
    this.#parts.delete(key);
    return { number, text: parts.join("") };
  }

  /** In pieces, as a serial line brings it. */
  #write(text: string): void {
    const bytes = Buffer.from(text, "latin1");
    this.#pty.write(bytes.subarray(0, 3));
    this.#pty.write(bytes.subarray(3));
  }
}

function textOf(data: Buffer): string {
  return Buffer.from(data).swap16().toString("utf16le");
}
