import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { choosePorts } from "./ports.ts";

const servers: ReturnType<typeof createServer>[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function takenPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  servers.push(server);
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

test("free ports differ and lie below those of outgoing connections", async () => {
  const chosen = await choosePorts({ http: 0, device: 0, uplink: 0 });
  if (!("ports" in chosen)) throw new Error(chosen.mistakes.join());
  const ports = Object.values(chosen.ports);
  expect(new Set(ports).size).toBe(3);
  expect(Math.max(...ports)).toBeLessThan(32_768);
  // they were given back
  expect(await choosePorts(chosen.ports)).toEqual(chosen);
});

test("every taken port is named with its option", async () => {
  const http = await takenPort();
  const uplink = await takenPort();
  const chosen = await choosePorts({ http, device: 0, uplink });
  const mistakes = "mistakes" in chosen ? chosen.mistakes.join("\n") : "";
  for (const [name, port] of Object.entries({ http, uplink })) {
    expect(mistakes).toContain(`Port ${port} is taken by another program: choose another with --${name}-port N`);
    expect(mistakes).toContain(`端口 ${port} 不可用`);
  }
  expect(mistakes).not.toContain("--device-port");
});
