import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

export interface VendorRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export interface VendorAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** As JSON where it is an object. */
  readonly body?: object | string;
}

export interface VendorServer {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  stop(): Promise<void>;
}

/** A vendor's interface over HTTP, on a port of its own. */
export async function startVendorServer(answer: (request: VendorRequest) => VendorAnswer): Promise<VendorServer> {
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const { pathname: path, searchParams: query } = new URL(request.url ?? "/", "http://vendor");
      const {
        status = 200,
        headers = {},
        body: said = "",
      } = answer({
        method: request.method ?? "",
        path,
        query,
        headers: request.headers,
        body,
      });
      response.writeHead(status, { "content-type": "application/json; charset=utf-8", ...headers });
      response.end(typeof said === "string" ? said : JSON.stringify(said));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Answers that are given one after the other; the last stays. */
export function inTurn<Answer>(answers: readonly Answer[]): () => Answer | undefined {
  const left = [...answers];
  return () => (left.length > 1 ? left.shift() : left[0]);
}

/** The JSON object of a body; undefined where it is none. */
export function bodyOf(body: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    // answered as the vendor answers it
    return undefined;
  }
}
