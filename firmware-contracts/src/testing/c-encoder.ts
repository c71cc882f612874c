import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** A field as the harness takes it: `r` a double, `f` units and decimals, `w` whole, `b` a truth, `s` the bytes of a text. */
export type CValue =
  | { readonly type: "r"; readonly value: number }
  | { readonly type: "f"; readonly units: bigint; readonly decimals: number }
  | { readonly type: "w"; readonly value: number }
  | { readonly type: "b"; readonly value: boolean }
  | { readonly type: "s"; readonly bytes: Uint8Array };
export type CFields = Readonly<Record<string, CValue>>;

/** The encoder in C behind its harness, as one process for as many questions as there are. */
export class CEncoder {
  readonly #child: ChildProcess;
  readonly #waiting: ((line: string) => void)[] = [];
  #errors = "";
  #ended = false;

  constructor(program: string) {
    const child = spawn(program, { stdio: ["pipe", "pipe", "pipe"] });
    this.#child = child;
    child.stderr.setEncoding("utf8").on("data", (text: string) => (this.#errors += text));
    createInterface({ input: child.stdout }).on("line", (line) => this.#waiting.shift()?.(line));
    child.once("close", () => {
      this.#ended = true;
      for (const answer of this.#waiting.splice(0)) answer(`the program ended: ${this.#errors}`);
    });
  }

  ask(line: string): Promise<string> {
    if (this.#ended) return Promise.resolve(`the program ended: ${this.#errors}`);
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#child.stdin?.write(`${line}\n`);
    });
  }

  /** What `gengfu_encode` returned and left in a buffer of so many bytes, which were all 0xa5 before. */
  async encode(kind: string, fields: CFields, size: number): Promise<{ result: number; buffer: Buffer }> {
    const args = Object.entries(fields).map(([name, value]) => `${name}=${argument(value)}`);
    return parseAnswer(await this.ask(["encode", size, kind, ...args].join(" ")));
  }

  async topic(device: Uint8Array, leaf: string, size: number): Promise<{ result: number; buffer: Buffer }> {
    const hex = Buffer.from(device).toString("hex");
    return parseAnswer(await this.ask(`topic ${size} ${hex === "" ? "-" : hex} ${leaf}`));
  }

  async answer(json: string, name: string, size: number): Promise<{ result: number; buffer: Buffer }> {
    const hex = (text: string): string => (text === "" ? "-" : Buffer.from(text).toString("hex"));
    return parseAnswer(await this.ask(`answer ${size} ${hex(json)} ${hex(name)}`));
  }

  /** Resolves with what it said on its standard error, which is nothing where all went well. */
  async end(): Promise<string> {
    if (this.#ended) return this.#errors;
    const closed = once(this.#child, "close");
    this.#child.stdin?.end();
    await closed;
    return this.#errors;
  }
}

function argument(value: CValue): string {
  switch (value.type) {
    case "r": {
      const bits = Buffer.alloc(8);
      bits.writeDoubleBE(value.value);
      return `r:${bits.toString("hex")}`;
    }
    case "f":
      return `f:${value.units},${value.decimals}`;
    case "w":
      return `w:${BigInt(value.value)}`;
    case "b":
      return `b:${value.value ? 1 : 0}`;
    case "s":
      return `s:${Buffer.from(value.bytes).toString("hex")}`;
  }
}

function parseAnswer(line: string): { result: number; buffer: Buffer } {
  const [, result, hex = ""] = /^(-?\d+) ([0-9a-f]*)$/.exec(line) ?? [];
  if (result === undefined) throw new Error(line);
  return { result: Number(result), buffer: Buffer.from(hex, "hex") };
}
