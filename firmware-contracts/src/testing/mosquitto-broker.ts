import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The real mosquitto on a port of its own, that takes anyone, for one test. */
export class MosquittoBroker {
  readonly #program: string;
  readonly #folder = mkdtempSync(join(tmpdir(), "gengfu-mosquitto-"));
  #child: ChildProcess | undefined;

  constructor(program: string) {
    this.#program = program;
  }

  async start(): Promise<number> {
    const port = await freePort();
    const file = join(this.#folder, "mosquitto.conf");
    writeFileSync(file, `listener ${port} 127.0.0.1\nallow_anonymous true\n`);
    const child = spawn(this.#program, ["-c", file], { stdio: "ignore" });
    this.#child = child;
    while (!(await answers(port))) {
      if (child.exitCode !== null) throw new Error("mosquitto ended");
    }
    return port;
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child !== undefined && child.exitCode === null) {
      child.kill();
      await once(child, "exit");
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    // not yet
    return false;
  } finally {
    socket.destroy();
  }
}
