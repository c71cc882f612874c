import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";

/** Whether mosquitto's broker is there; tests that need it are skipped where it isn't. */
export const hasMosquittoBroker = process.env["CI"] === "true" || spawnSync("mosquitto", ["-h"]).error === undefined;
if (!hasMosquittoBroker) console.warn("tests with mosquitto's broker are skipped; install the package mosquitto");

/** A real mosquitto as it stands on many sites: it keeps sessions while their clients are away. */
export class MosquittoBroker {
  readonly port: number;
  readonly #folder = mkdtempSync(join(tmpdir(), "gengfu-mosquitto-"));
  #child: ChildProcess | undefined;

  private constructor(port: number) {
    this.port = port;
    const lines = [
      // as who runs the tests: by default it would give its rights away, and could then not write its folder
      `user ${userInfo().username}`,
      `listener ${port} 127.0.0.1`,
      "allow_anonymous true",
      "persistence true",
      `persistence_location ${this.#folder}/`,
      "autosave_interval 1",
      "autosave_on_changes true",
    ];
    writeFileSync(join(this.#folder, "mosquitto.conf"), `${lines.join("\n")}\n`);
  }

  static async start(): Promise<MosquittoBroker> {
    const broker = new MosquittoBroker(await freePort());
    await broker.start();
    return broker;
  }

  async start(): Promise<void> {
    const args = ["-c", join(this.#folder, "mosquitto.conf")];
    this.#child = spawn("mosquitto", args, { stdio: "ignore" });
    for (;;) {
      if (this.#child.exitCode !== null) throw new Error(`mosquitto ended with ${this.#child.exitCode}`);
      const socket = connect(this.port, "127.0.0.1");
      const isUp = await new Promise<boolean>((resolve) => {
        socket.once("connect", () => resolve(true));
        socket.once("error", () => resolve(false));
      });
      socket.destroy();
      if (isUp) return;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Ends it; what it keeps is there again at the next start. */
  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const ended = once(child, "exit");
    child.kill();
    await ended;
  }

  async remove(): Promise<void> {
    await this.stop();
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
