import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openSerialPort } from "./serial-port.ts";
import { hasPty, openPty, type Pty } from "../testing/pty.ts";

describe.skipIf(!hasPty)("a serial port", () => {
  let pty: Pty;
  beforeEach(async () => {
    pty = await openPty();
  });
  afterEach(() => pty.remove());

  it("carries every byte both ways, and is there again after it was unplugged", async () => {
    const every = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    for (let round = 0; round < 2; round++) {
      const port = await openSerialPort({ path: pty.path, baudRate: 115_200 });
      const arrived = new Promise<Buffer>((resolve) => {
        let all = Buffer.alloc(0);
        port.on("data", (chunk: Buffer) => {
          all = Buffer.concat([all, chunk]);
          if (all.length >= 512) resolve(all);
        });
      });
      pty.onData = (chunk) => pty.write(Buffer.concat([chunk, chunk]));
      for (const byte of every) port.write(Buffer.of(byte));
      const echoed = await arrived;
      expect([...echoed].toSorted((a, b) => a - b)).toEqual([...every, ...every].toSorted((a, b) => a - b));
      const closed = once(port, "close");
      await pty.unplug();
      await closed;
      await expect(openSerialPort({ path: pty.path, baudRate: 115_200 })).rejects.toThrow("No such file");
      await pty.plug();
    }
  });

  it("notices that it was unplugged, also while a read is under way", async () => {
    for (let round = 0; round < 10; round++) {
      const port = await openSerialPort({ path: pty.path, baudRate: 115_200 });
      const closed = once(port, "close");
      pty.onData = (chunk) => pty.write(chunk);
      port.write("hello");
      await once(port, "data");
      await pty.unplug();
      await closed;
      await pty.plug();
    }
  });
});
