import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AtParser, type AtEvent } from "./at-parser.ts";

const parse = (...chunks: string[]): AtEvent[] => {
  const parser = new AtParser();
  return chunks.flatMap((chunk) => parser.push(Buffer.from(chunk, "latin1")));
};

describe("what a modem says", () => {
  it.each<[string, AtEvent[]]>([
    ["\r\nOK\r\n", [{ type: "ok" }]],
    ["AT+CSQ\r\r\n+CSQ: 20,99\r\n\r\nOK\r\n", [{ type: "line", text: "+CSQ: 20,99" }, { type: "ok" }]],
    ["\r\nERROR\r\n", [{ type: "error", of: "command", code: null, text: "ERROR" }]],
    ["\r\n+CMS ERROR: 331\r\n", [{ type: "error", of: "cms", code: 331, text: "+CMS ERROR: 331" }]],
    ["\r\n+CME ERROR: 10\r\n", [{ type: "error", of: "cme", code: 10, text: "+CME ERROR: 10" }]],
    [
      "+CME ERROR: SIM not inserted\r\n",
      [{ type: "error", of: "cme", code: null, text: "+CME ERROR: SIM not inserted" }],
    ],
    ["\r\n> ", [{ type: "prompt" }]],
    ["\r\n+CMGS: 12\r\n\r\nOK\r\n", [{ type: "sent", reference: 12 }, { type: "ok" }]],
    ["\r\nRING\r\n", [{ type: "line", text: "RING" }]],
    ['\r\n+CMTI: "SM",3\r\n', [{ type: "line", text: '+CMTI: "SM",3' }]],
    [`${"x".repeat(5_000)}\r\nOK\r\n`, [{ type: "ok" }]],
  ])("%j", (text, events) => {
    expect(parse(text)).toEqual(events);
    expect(parse(...text.split(""))).toEqual(events);
  });

  it("is the same however it is cut, and noise between is passed over (100,000 chunks)", () => {
    let chunks = 0;
    const piece = fc.oneof(
      fc.constantFrom(
        "OK\r\n",
        "\r\nERROR\r\n",
        "\r\n> ",
        "+CMS ERROR: 38\r",
        "+CMGS: 1\r\n",
        "AT+CREG?\r",
        "RING\r\n",
      ),
      fc.string({ unit: "binary", maxLength: 40 }),
      fc.constant("y".repeat(1_500)),
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 60 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 9 })),
        (pieces, cuts) => {
          const text = `${Buffer.from(pieces.join(""), "latin1").toString("latin1")}\r\n`;
          const cut: string[] = [];
          for (let at = 0; at < text.length;) {
            const size = cuts.next().value ?? 1;
            cut.push(text.slice(at, at + size));
            at += size;
          }
          chunks += cut.length;
          expect(parse(...cut, "OK\r\n")).toEqual(parse(`${text}OK\r\n`));
          expect(parse(...cut, "OK\r\n").at(-1)).toEqual({ type: "ok" });
        },
      ),
      { numRuns: 400 },
    );
    expect(chunks).toBeGreaterThan(100_000);
  });
});
