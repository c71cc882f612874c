/** Writes what a broker is sent to InfluxDB's database `bench`: `node bridge-writer.ts PORT INFLUX_URL`. */
import { connectAsync } from "mqtt";

const [port = "", influxUrl = ""] = process.argv.slice(2);
const lines_max = 5_000;
let lines: string[] = [];
let isWriting = false;
let seen = 0;

async function write(): Promise<void> {
  if (isWriting) return;
  isWriting = true;
  while (lines.length > 0) {
    const body = lines.splice(0, lines_max).join("\n");
    await (await fetch(`${influxUrl}/write?db=bench&precision=ms`, { method: "POST", body })).text();
  }
  isWriting = false;
}

const client = await connectAsync(`mqtt://127.0.0.1:${port}`, { clientId: "writer", clean: false });
client.on("message", (topic, payload) => {
  const { channel, celsius, seq } = JSON.parse(payload.toString("utf8")) as Record<string, unknown>;
  seen += 1;
  const device = topic.split("/")[2] ?? "";
  lines.push(
    `temperature,device=${device},channel=${String(channel)} value=${String(celsius)},seq=${String(seq)}i ${1_790_000_000_000 + seen}`,
  );
  void write();
});
await client.subscribeAsync("gengfu/v1/+/temperature", { qos: 1 });
process.send?.("ready");
