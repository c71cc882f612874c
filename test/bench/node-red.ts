/**
 * Node-RED as many sites use it: mosquitto, `mqtt in`, a function, `influxdb out`. It is installed into the benchmark's
 * own folder for the run, since nothing else needs it.
 */
import { execFile, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { answering, freePort, peer, startMosquitto, type Peer } from "./peers.ts";

const packages = ["node-red@5.0.7", "node-red-contrib-influxdb@0.7.0"];

/** A mosquitto to publish to, and the Node-RED behind it that writes database `bench`. */
export async function startNodeRed(folder: string, influxUrl: string): Promise<{ broker: Peer; nodeRed: Peer }> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "private": true }');
  console.log("  installing Node-RED");
  const options = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
  await promisify(execFile)("npm", ["install", ...options, ...packages], { cwd: folder });
  const broker = await startMosquitto(folder);
  const port = await freePort();
  const { hostname, port: influxPort } = new URL(influxUrl);
  const flow = [
    { id: "tab", type: "tab", label: "bench" },
    {
      id: "broker",
      type: "mqtt-broker",
      broker: "127.0.0.1",
      port: String(broker.port),
      clientid: "node-red",
      cleansession: true,
      protocolVersion: "4",
      keepalive: "60",
    },
    {
      id: "in",
      type: "mqtt in",
      z: "tab",
      topic: "gengfu/v1/+/temperature",
      qos: "1",
      datatype: "json",
      broker: "broker",
      inputs: 0,
      wires: [["shape"]],
    },
    {
      id: "shape",
      type: "function",
      z: "tab",
      outputs: 1,
      func:
        "const n = (context.get('n') || 0) + 1; context.set('n', n);\n" +
        "const device = msg.topic.split('/')[2];\n" +
        "msg.payload = [{ value: msg.payload.celsius, seq: msg.payload.seq, time: 1790000000000 + n }, { device, channel: msg.payload.channel }];\n" +
        "return msg;",
      wires: [["out"]],
    },
    {
      id: "influx",
      type: "influxdb",
      hostname,
      port: influxPort,
      database: "bench",
      influxdbVersion: "1.x",
      credentials: {},
    },
    {
      id: "out",
      type: "influxdb out",
      z: "tab",
      influxdb: "influx",
      measurement: "temperature",
      precision: "ms",
      wires: [],
    },
  ];
  writeFileSync(join(folder, "flows.json"), JSON.stringify(flow));
  writeFileSync(
    join(folder, "settings.js"),
    `module.exports = { flowFile: "flows.json", uiHost: "127.0.0.1", uiPort: ${port}, logging: { console: { level: "error" } } };`,
  );
  const main = join(folder, "node_modules", "node-red", "red.js");
  const child = spawn(process.execPath, [main, "--userDir", folder, "--settings", join(folder, "settings.js")], {
    cwd: folder,
    stdio: "ignore",
  });
  await answering(port, child);
  return { broker, nodeRed: peer("Node-RED", port, child, "SIGKILL") };
}
