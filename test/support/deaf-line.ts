import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/** What an MQTT 3.1.1 broker answers to CONNECT: four bytes. */
const connack_bytes = 4;

export interface DeafLine {
  /** As in `mqtt://127.0.0.1:41767`: leads to the broker. */
  readonly url: string;
  /** From now on the broker's answers get through. */
  hear(): void;
  close(): void;
}

/**
 * A line to an MQTT broker on which, until it is told to hear, nothing comes back but the answer to CONNECT: as when a
 * radio link breaks just after the publishes and before their acknowledgements. A connection that breaks on one side is
 * broken on the other.
 */
export async function startDeafLine(broker: string): Promise<DeafLine> {
  const { hostname, port } = new URL(broker);
  const sockets = new Set<Socket>();
  let isDeaf = true;
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    const wasDeaf = isDeaf;
    let answered_bytes = 0;
    client.on("data", (data) => upstream.write(data));
    upstream.on("data", (data: Buffer) => {
      const passed = wasDeaf ? data.subarray(0, Math.max(0, connack_bytes - answered_bytes)) : data;
      answered_bytes += data.length;
      if (passed.length > 0) client.write(passed);
    });
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one);
      // a broken line is what this is for
      one.on("error", () => other.destroy());
      one.on("close", () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`,
    hear() {
      isDeaf = false;
    },
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
