import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { listenError, type Listen } from "@gengfu/shared/config/listen";

export interface GatewayServerOptions {
  readonly listen: Listen;
  readonly connections_max: number;
  readonly handshakeTimeout_ms: number;
  readonly onSocket: (socket: Socket) => void;
  /** There were too many connections, and one was dropped. */
  readonly onDrop: () => void;
  readonly onTlsError: (address: string, error: Error) => void;
}

/** Listens on TCP or TLS and keeps account of its sockets. */
export class GatewayServer {
  readonly #options: GatewayServerOptions;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;

  constructor(options: GatewayServerOptions) {
    this.#options = options;
  }

  /** Resolves with the port; throws GengfuError `listen_failed`. */
  async start(): Promise<number> {
    const { listen, connections_max, onDrop, onTlsError } = this.#options;
    const server = this.#create();
    server.maxConnections = connections_max;
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    server.on("drop", onDrop);
    server.on("tlsClientError", (error: Error, socket: Socket) => onTlsError(socket.remoteAddress ?? "", error));
    try {
      server.listen({ host: listen.host, port: listen.port });
      await once(server, "listening");
    } catch (error) {
      throw listenError("the uplink", listen, error);
    }
    this.#server = server;
    return (server.address() as AddressInfo).port;
  }

  /** Takes no further connections. */
  close(): void {
    this.#server?.close();
  }

  /** Ends those that there are. */
  async end(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #create(): Server {
    const { listen, handshakeTimeout_ms, onSocket } = this.#options;
    const { tls } = listen;
    const each = { noDelay: true, keepAlive: true };
    if (tls === undefined) return createServer(each, onSocket);
    return createTlsServer(
      {
        ...each,
        cert: tls.certificate,
        key: tls.key,
        ...(tls.client_ca === undefined ? {} : { ca: tls.client_ca, requestCert: true, rejectUnauthorized: true }),
        handshakeTimeout: handshakeTimeout_ms,
      },
      onSocket,
    );
  }
}
