import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { listenError, type Listen } from "../config/listen.ts";

export interface SocketServerOptions {
  /** What listens, for the message of an address that can't be had. */
  readonly name: string;
  readonly listen: Listen;
  readonly connections_max: number;
  readonly handshake_timeout_ms: number;
  readonly onSocket: (socket: Socket) => void;
  /** Called for each connection that was dropped because there are too many. */
  readonly onDrop: () => void;
  readonly onTlsError: (address: string, error: Error) => void;
}

/** Listens on TCP or TLS and keeps account of its sockets. */
export class SocketServer {
  readonly #options: SocketServerOptions;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;

  constructor(options: SocketServerOptions) {
    this.#options = options;
  }

  /**
   * Resolves with the address, whose port is the one taken where 0 was asked for; throws GengfuError `listen_failed`.
   */
  async start(): Promise<{ host: string; port: number }> {
    const { name, listen, connections_max, onDrop } = this.#options;
    const server = this.#createServer();
    server.maxConnections = connections_max;
    // those below TLS: with one of them its TLS ends too
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    server.on("drop", onDrop);
    server.listen({ host: listen.host, port: listen.port });
    try {
      await once(server, "listening");
    } catch (error) {
      throw listenError(name, listen, error);
    }
    this.#server = server;
    return { host: listen.host, port: (server.address() as AddressInfo).port };
  }

  /** Takes no further connections; `end` resolves once those that there are were destroyed. */
  close(): { end(): Promise<void> } {
    const server = this.#server;
    this.#server = undefined;
    const closed = server === undefined ? Promise.resolve([]) : once(server, "close");
    server?.close();
    return {
      end: async () => {
        for (const socket of this.#sockets) socket.destroy();
        await closed;
      },
    };
  }

  #createServer(): Server {
    const { listen, handshake_timeout_ms, onSocket, onTlsError } = this.#options;
    const { tls } = listen;
    // keep-alive: a peer without power never says goodbye, and its MQTT may have no keep-alive of its own
    const each = { noDelay: true, keepAlive: true };
    if (tls === undefined) return createServer(each, onSocket);
    const server = createTlsServer(
      {
        ...each,
        cert: tls.certificate,
        key: tls.key,
        ...(tls.client_ca === undefined ? {} : { ca: tls.client_ca, requestCert: true, rejectUnauthorized: true }),
        handshakeTimeout: handshake_timeout_ms,
      },
      onSocket,
    );
    server.on("tlsClientError", (error, socket) => onTlsError(socket.remoteAddress ?? "", error));
    return server;
  }
}
