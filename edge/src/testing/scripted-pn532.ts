import type { Pty } from "./pty.ts";

/** Speaks as a PN532 does, by its user manual, without the code that it tests. */
export class ScriptedPn532 {
  /** UID of the card that lies on it, upper-case hex; null without one. */
  card: string | null = null;
  /** How it behaves at present. */
  mood: "well" | "silent" | "garbled" = "well";
  /** Called with the code of each command, once it is answered. */
  onCommand: (code: number) => void = () => undefined;
  readonly #pty: Pty;
  #held = Buffer.alloc(0);
  #isAwake = false;
  #isFieldOn = false;
  #looksForEver = true;

  constructor(pty: Pty) {
    this.#pty = pty;
    pty.onData = (chunk) => this.#receive(chunk);
  }

  /** Takes the power away and gives it back. */
  reset(): void {
    this.#isAwake = false;
    this.#isFieldOn = false;
    this.#looksForEver = true;
    this.#held = Buffer.alloc(0);
  }

  #receive(chunk: Buffer): void {
    this.#held = Buffer.concat([this.#held, chunk]);
    for (;;) {
      const start = this.#held.indexOf(Buffer.of(0x00, 0xff));
      if (start < 0 || this.#held.length < start + 4) return;
      if (this.#held.includes(Buffer.of(0x55, 0x55)) && this.#held.indexOf(0x55) < start) this.#isAwake = true;
      const length = this.#held[start + 2] ?? 0;
      // an acknowledgement from the host ends what it had asked for
      const end = start + (length === 0 ? 4 : 4 + length + 1);
      if (this.#held.length < end) return;
      const data = this.#held.subarray(start + 5, end - 1);
      this.#held = this.#held.subarray(end);
      if (length > 0 && this.#isAwake) this.#command(Buffer.from(data));
    }
  }

  #command(data: Buffer): void {
    if (this.mood === "silent") return;
    if (this.mood === "garbled") return this.#pty.write(Buffer.from("0000ff42be5500ff13000000ff02fed51517", "hex"));
    const [code = 0] = data;
    const answer = this.#answer(code, data);
    const ack = "0000ff00ff00";
    // in pieces, as a serial line brings it
    const bytes = Buffer.from(
      `${ack}${answer === "" ? "" : answer === null ? "0000ff01ff7f8100" : framed(answer)}`,
      "hex",
    );
    this.#pty.write(bytes.subarray(0, 9));
    this.#pty.write(bytes.subarray(9));
    this.onCommand(code);
    return undefined;
  }

  /** What it answers, as hex; empty where it says nothing, null where it refuses. */
  #answer(code: number, data: Buffer): string | null {
    if (code === 0x14) return "15";
    if (code === 0x02) return "0332010607";
    if (code === 0x32) {
      if (data[1] === 0x01) this.#isFieldOn = data[2] === 0x01;
      if (data[1] === 0x05) this.#looksForEver = data[4] === 0xff;
      return "33";
    }
    if (code !== 0x4a) return null;
    // a card that was selected is not found again before the field was off
    const isFound = this.card !== null && !this.#isFieldOn;
    this.#isFieldOn = true;
    if (!isFound || this.card === null) return this.#looksForEver ? "" : "4b00";
    const bytes = this.card.length / 2;
    return `4b0101${bytes === 4 ? "000408" : "004400"}${bytes.toString(16).padStart(2, "0")}${this.card}`;
  }
}

function framed(answer: string): string {
  const data = Buffer.from(`d5${answer}`, "hex");
  const byte = (value: number): string => (value & 0xff).toString(16).padStart(2, "0");
  const sum = data.reduce((all, one) => all + one, 0);
  return `0000ff${byte(data.length)}${byte(-data.length)}${data.toString("hex")}${byte(-sum)}00`;
}
