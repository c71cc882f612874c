import { createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

/** `hangs`: takes connections and requests, and never answers. `fails`: answers 500 to everything. */
export type Health = "well" | "hangs" | "fails";

export interface SickServer {
  readonly url: string;
  /** Requests since the health changed. */
  readonly requests: number;
  become(health: Health): void;
}

/** Stands before a real HTTP server and plays its illnesses; gone when the test is over. */
export async function startSickServer(target: string, first: Health): Promise<SickServer> {
  let health = first;
  let requests = 0;
  const server = createServer((incoming, response) => {
    requests += 1;
    if (health === "well") passOn(target, incoming, response);
    else if (health === "fails") response.writeHead(500).end('{"error":"engine: shard is disabled"}');
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get requests() {
      return requests;
    },
    become(next) {
      health = next;
      requests = 0;
    },
  };
}

function passOn(target: string, incoming: IncomingMessage, response: ServerResponse): void {
  const { method, url = "/", headers } = incoming;
  const outgoing = request(new URL(url, target), { ...(method === undefined ? {} : { method }), headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  outgoing.on("error", (error) => response.destroy(error));
  incoming.pipe(outgoing);
}
