import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSseParser, type ServerEvent } from "./sse-parser.ts";

function parseAll(chunks: readonly string[]): ServerEvent[] {
  const parse = createSseParser();
  return chunks.flatMap((chunk) => parse(chunk));
}

describe("the parser of the live stream", () => {
  it("reads names, data of several lines and ids, and leaves comments out", () => {
    const stream = ": hello\n\nevent: alert\nid: 7\ndata: {\ndata:}\n\ndata: x\n\n";
    expect(parseAll([stream])).toEqual([
      { name: "alert", data: "{\n}", id: "7" },
      { name: "message", data: "x", id: "7" },
    ]);
  });

  it("gives nothing for an event without data and forgets its name", () => {
    expect(parseAll(["event: alert\n\ndata: 1\n\n"])).toEqual([{ name: "message", data: "1", id: null }]);
  });

  it("holds back what has not ended yet", () => {
    const parse = createSseParser();
    expect(parse("data: half")).toEqual([]);
    expect(parse(" done\n")).toEqual([]);
    expect(parse("\n")).toEqual([{ name: "message", data: "half done", id: null }]);
  });

  it("gives the same events wherever the chunks are cut and whatever ends the lines", () => {
    const text = fc.string({ unit: fc.constantFrom("a", ":", " ", "火", "{"), minLength: 1, maxLength: 6 });
    const event = fc.record({
      name: fc.constantFrom("reading", "alert"),
      data: fc.array(text, { minLength: 1, maxLength: 3 }),
    });
    const endings = fc.constantFrom("\n", "\r\n", "\r");
    fc.assert(
      fc.property(
        fc.array(event, { maxLength: 5 }),
        endings,
        fc.infiniteStream(fc.integer({ min: 1, max: 7 })),
        (events, ending, cuts) => {
          const stream = events
            .map(({ name, data }) =>
              [`event: ${name}`, ...data.map((line) => `data: ${line}`), ": ping", "", ""].join(ending),
            )
            .join("");
          const chunks: string[] = [];
          for (let start = 0; start < stream.length;) {
            const length = cuts.next().value ?? 1;
            chunks.push(stream.slice(start, start + length));
            start += length;
          }
          expect(parseAll(chunks)).toEqual(events.map(({ name, data }) => ({ name, data: data.join("\n"), id: null })));
        },
      ),
    );
  });

  it("refuses a line without end", () => {
    const parse = createSseParser();
    expect(() => parse("x".repeat(1_000_001))).toThrow(RangeError);
  });
});
