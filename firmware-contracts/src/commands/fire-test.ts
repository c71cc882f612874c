import { parseArgs } from "node:util";
import { messageOf } from "@gengfu/shared/errors";
import { pause, systemClock } from "@gengfu/shared/time/clock";
import { connectAsync, type MqttClient } from "mqtt";
import { numberArgument, UsageError } from "../arguments.ts";
import { errorAnswerText } from "../contract/payloads.ts";
import { deviceTopic } from "../contract/topics.ts";

export const fireTestHelp = `Closes a contact of the fire panel for a while, then opens it again: a fire test from end to end.
在一段时间内闭合消防主机的触点，然后断开：端到端的火警测试。

  --broker URL     the edge's device broker (mqtt://127.0.0.1:1883)
  --device ID      the device that reports it (fire-panel)
  --channel NAME   its contact (fire)
  --seconds N      for how long, 0 to 3600 (20)
  --password TEXT  the device's secret (demo)

It raises a true alert: whoever is on call gets a message. Tell them first.
会触发真实告警并通知值班人员，请事先告知。`;

export interface FireTest {
  readonly broker: string;
  readonly device: string;
  readonly channel: string;
  readonly password: string;
  readonly seconds: number;
}

export async function fireTest(args: readonly string[], signal: AbortSignal): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      broker: { type: "string", default: "mqtt://127.0.0.1:1883" },
      device: { type: "string", default: "fire-panel" },
      channel: { type: "string", default: "fire" },
      seconds: { type: "string", default: "20" },
      password: { type: "string", default: "demo" },
    },
  });
  const seconds = numberArgument("--seconds", values.seconds, 0, 3_600);
  return runFireTest({ ...values, seconds }, signal, (line) => console.log(line));
}

/** Answers 0 where the edge took both publishes, 1 where it put one into quarantine. */
export async function runFireTest(test: FireTest, signal: AbortSignal, print: (line: string) => void): Promise<number> {
  const client = await connectAs(test);
  let answers = 0;
  client.on("error", (error) => print(`The connection failed: ${error.message}`));
  client.on("message", (_topic, payload) => {
    const answer = errorAnswerText.safeParse(payload.toString("utf8"));
    answers++;
    print(`The edge put it into quarantine: ${answer.success ? answer.data.message : payload.toString("utf8")}`);
  });
  try {
    await client.subscribeAsync(deviceTopic(test.device, "error"), { qos: 1 });
    const topic = deviceTopic(test.device, "contact");
    // in milliseconds, so that it is never the boot of the device itself, which may be running beside
    const boot = systemClock.now();
    const say = async (closed: boolean, seq: number): Promise<void> => {
      await client.publishAsync(topic, JSON.stringify({ channel: test.channel, closed, boot, seq }), { qos: 1 });
      print(`${topic}  ${test.channel} ${closed ? "closed 闭合" : "open 断开"}: acknowledged, so on the edge's disk`);
    };
    await say(true, 1);
    await pause(systemClock, test.seconds * 1_000, signal);
    await say(false, 2);
  } catch (error) {
    throw new UsageError(
      `The broker went away: ${messageOf(error)}. The contact may still count as closed: run it again.`,
    );
  } finally {
    await client.endAsync(!client.connected);
  }
  return answers === 0 ? 0 : 1;
}

async function connectAs({ broker, device, password }: FireTest): Promise<MqttClient> {
  try {
    return await connectAsync(
      broker,
      {
        clientId: `${device}-fire-test`,
        username: device,
        password,
        protocolVersion: 4,
        reconnectPeriod: 0,
        connectTimeout: 5_000,
      },
      false,
    );
  } catch (error) {
    const reason = messageOf(error) || String(error);
    throw new UsageError(
      reason.startsWith("Connection refused")
        ? `The broker at ${broker} refused ${device}: check --device and --password.`
        : `No broker answers at ${broker} (${reason}). Start it (npm start), or say where it is: --broker mqtt://HOST:PORT`,
    );
  }
}
