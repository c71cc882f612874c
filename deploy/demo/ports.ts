import { randomInt } from "node:crypto";
import { createServer, type Server } from "node:net";

export type PortName = "http" | "device" | "uplink";
export type Ports = Readonly<Record<PortName, number>>;

/**
 * Free ports are drawn from below the range from which Linux takes the ports of outgoing connections: a client that
 * tries again and again to reach a service which is being restarted could otherwise be given the service's own port.
 */
const free = { from: 20_000, to: 32_000, tries: 50 };

/**
 * Settles on the ports of this run: they stay the same when a service is restarted. A wanted port that can't be had
 * is a mistake, named with the option that changes it.
 */
export async function choosePorts(wanted: Ports): Promise<{ ports: Ports } | { mistakes: string[] }> {
  const held: Server[] = [];
  const mistakes: string[] = [];
  const choose = async (name: PortName): Promise<number> => {
    for (let attempt = 0; attempt < free.tries; attempt++) {
      const port = wanted[name] === 0 ? randomInt(free.from, free.to) : wanted[name];
      const result = await listen(port);
      if (typeof result !== "string") {
        held.push(result);
        return port;
      }
      if (wanted[name] !== 0) {
        mistakes.push(
          `端口 ${port} 不可用，请用 --${name}-port N 另选（0 为自动选择）。\n` +
            `Port ${port} ${result}: choose another with --${name}-port N (0 takes a free one).`,
        );
        return port;
      }
    }
    mistakes.push(`没有空闲端口 no free port was found: --${name}-port 0`);
    return 0;
  };
  try {
    const ports = { http: await choose("http"), device: await choose("device"), uplink: await choose("uplink") };
    return mistakes.length > 0 ? { mistakes } : { ports };
  } finally {
    await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}

function listen(port: number): Promise<Server | string> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve("is taken by another program");
      else if (error.code === "EACCES") resolve("may not be used by this user");
      else resolve(`can't be had (${error.message})`);
    });
    server.listen({ host: "127.0.0.1", port, exclusive: true }, () => resolve(server));
  });
}
