import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** Whether the clients of mosquitto are there; tests that need them are skipped where they aren't. */
export const hasMosquitto = process.env["CI"] === "true" || spawnSync("mosquitto_pub", ["--help"]).error === undefined;
if (!hasMosquitto) console.warn("tests with mosquitto's clients are skipped; install the package mosquitto-clients");

export interface Account {
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

function argumentsOf({ port, user, password }: Account): string[] {
  return ["-h", "127.0.0.1", "-p", String(port), "-u", user, "-P", password];
}

/** Runs mosquitto_pub to its end; resolves with its exit code. */
export async function mosquittoPub(account: Account, ...more: string[]): Promise<number> {
  return await mosquittoPubFrom(account, Buffer.alloc(0), ...more);
}

/** The same with something on its standard input. */
export async function mosquittoPubFrom(account: Account, input: Buffer, ...more: string[]): Promise<number> {
  const child = spawn("mosquitto_pub", [...argumentsOf(account), ...more], { stdio: ["pipe", "ignore", "ignore"] });
  child.stdin.on("error", () => child.stdin.destroy());
  child.stdin.end(input);
  const [code] = (await once(child, "exit")) as [number | null];
  return code ?? -1;
}

/** Subscribes with mosquitto_sub and resolves once that is granted; `line()` resolves with the next message. */
export async function mosquittoSub(account: Account, topic: string) {
  // by lines, since into a pipe it would tell of the subscription only with the first message
  const child = spawn("stdbuf", ["-oL", "mosquitto_sub", ...argumentsOf(account), "-d", "-v", "-t", topic], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done === true) throw new Error("mosquitto_sub ended");
      return value;
    }
  };
  while (!(await next()).startsWith("Subscribed")) continue;
  return {
    async line(): Promise<string> {
      for (;;) {
        const line = await next();
        if (!line.startsWith("Client ")) return line;
      }
    },
    async stop(): Promise<void> {
      const ended = once(child, "exit");
      child.kill();
      await ended;
    },
  };
}
