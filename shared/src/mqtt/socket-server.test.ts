import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Listen } from "../config/listen.ts";
import { hasOpenssl, makeAuthority } from "../testing/certificates.ts";
import { SocketServer } from "./socket-server.ts";

const ends: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

interface Served {
  readonly server: SocketServer;
  readonly port: number;
  readonly accepted: Socket[];
  readonly onDrop: () => void;
  readonly onTlsError: (address: string) => void;
}

async function serve(listen: Partial<Listen> = {}, connections_max = 10): Promise<Served> {
  const accepted: Socket[] = [];
  const [onDrop, onTlsError] = [vi.fn<() => void>(), vi.fn<(address: string) => void>()];
  const server = new SocketServer({
    name: "the broker",
    listen: { host: "127.0.0.1", port: 0, plaintext: false, tls: undefined, ...listen },
    connections_max,
    handshake_timeout_ms: 1_000,
    onSocket: (socket) => {
      accepted.push(socket);
      socket.on("error", () => undefined);
      socket.write("hello");
    },
    onDrop,
    onTlsError,
  });
  ends.push(() => server.close().end());
  return { server, port: (await server.start()).port, accepted, onDrop, onTlsError };
}

/** A connection that has been greeted. */
async function greeted(socket: Socket): Promise<Socket> {
  socket.on("error", () => undefined);
  ends.push(() => void socket.destroy());
  await once(socket, "data");
  return socket;
}

describe("a server of sockets", () => {
  it("takes connections until it is closed, and ends those that there are", async () => {
    const { server, port, accepted } = await serve();
    const client = await greeted(connect(port, "127.0.0.1"));
    const closed = once(client, "close");
    const connections = server.close();
    const [refused] = await once(connect(port, "127.0.0.1"), "error");
    expect(refused).toMatchObject({ code: "ECONNREFUSED" });
    expect(client.destroyed).toBe(false);
    await connections.end();
    await closed;
    expect(accepted.map(({ destroyed }) => destroyed)).toEqual([true]);
  });

  it("drops connections beyond its bound and tells of it", async () => {
    const { port, accepted, onDrop } = await serve({}, 1);
    const first = await greeted(connect(port, "127.0.0.1"));
    await once(
      connect(port, "127.0.0.1").on("error", () => undefined),
      "close",
    );
    expect([accepted.length, vi.mocked(onDrop).mock.calls.length]).toEqual([1, 1]);
    first.destroy();
    await vi.waitUntil(() => accepted[0]?.destroyed);
    await greeted(connect(port, "127.0.0.1"));
  });

  it("says which address can't be had", async () => {
    const { port } = await serve();
    const failed = serve({ port });
    await expect(failed).rejects.toMatchObject({
      code: "listen_failed",
      message: expect.stringMatching(`^the broker can't listen on 127.0.0.1:${port}`) as string,
    });
  });
});

describe.skipIf(!hasOpenssl)("over TLS", () => {
  it("ends connections as well, and tells of handshakes that fail", async () => {
    const folder = mkdtempSync(join(tmpdir(), "gengfu-sockets-"));
    ends.push(() => rmSync(folder, { recursive: true }));
    const authority = makeAuthority(folder, "authority");
    const { certificate, key } = authority.issue("localhost");
    const { server, port, onTlsError } = await serve({ tls: { certificate, key } });
    const client = await greeted(connectTls({ port, host: "127.0.0.1", ca: authority.certificate }));
    const plain = connect(port, "127.0.0.1");
    plain.on("error", () => undefined);
    plain.write("no handshake at all");
    await once(plain, "close");
    expect(onTlsError).toHaveBeenCalledWith("127.0.0.1", expect.any(Error));
    const closed = once(client, "close");
    await server.close().end();
    await closed;
  });
});
