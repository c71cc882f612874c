/** Key codes of linux/input-event-codes.h. */
const codes: Readonly<Record<string, number>> = {
  ...Object.fromEntries(Array.from("1234567890", (digit, index) => [digit, index + 2])),
  A: 30,
  B: 48,
  C: 46,
  D: 32,
  E: 18,
  F: 33,
  Z: 44,
  "\n": 28,
};

/** What the kernel tells of one key: which it is on the device, that it goes down or up, and that this was all. */
function eventsOf(code: number, value: 0 | 1, bytes: 16 | 24): Buffer {
  const event = (type: number, eventCode: number, eventValue: number): Buffer => {
    const all = Buffer.alloc(bytes, 0x5a);
    all.writeUInt16LE(type, bytes - 8);
    all.writeUInt16LE(eventCode, bytes - 6);
    all.writeInt32LE(eventValue, bytes - 4);
    return all;
  };
  return Buffer.concat([event(4, 4, 0x7_0000 + code), event(1, code, value), event(0, 0, 0)]);
}

/** The events by which a reader types a text, letters with Shift; `bytes` is the size of one. */
export function typedEvents(text: string, bytes: 16 | 24 = 24): Buffer {
  const shift = 42;
  return Buffer.concat(
    Array.from(text).flatMap((char) => {
      const code = codes[char] ?? 0;
      const key = [eventsOf(code, 1, bytes), eventsOf(code, 0, bytes)];
      return /[A-Z]/.test(char) ? [eventsOf(shift, 1, bytes), ...key, eventsOf(shift, 0, bytes)] : key;
    }),
  );
}
