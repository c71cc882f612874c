import { messageOf } from "@gengfu/shared/errors";
import { pause, type Clock } from "@gengfu/shared/time/clock";
import { connectAsync, type MqttClient } from "mqtt";
import { UsageError } from "../arguments.ts";
import { errorAnswerText } from "../contract/payloads.ts";
import { deviceTopic, parseDeviceTopic } from "../contract/topics.ts";
import type { Observations } from "./observation.ts";

export interface ListenOptions {
  readonly broker: string;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly device?: string | undefined;
  readonly seconds: number;
  readonly clock: Clock;
  readonly observations: Observations;
  /** Told when it listens. */
  readonly print: (line: string) => void;
}

/** What a broker has retained comes within this after a subscription. */
const retained_ms = 500;

/** Listens at a broker for a while, and notes what devices publish there. Throws a `UsageError` where it can't. */
export async function listen(options: ListenOptions, signal: AbortSignal): Promise<void> {
  const { broker, device, seconds, clock, observations, print } = options;
  const client = await connect(options);
  client.on("message", (topic, payload, packet) => {
    const parts = parseDeviceTopic(topic);
    const at_ms = clock.monotonic();
    if (parts?.leaf === "error") {
      const answer = errorAnswerText.safeParse(payload.toString("utf8"));
      const message = answer.success ? answer.data.message : payload.toString("utf8").slice(0, 200);
      return observations.add(parts.device, { type: "answered", at_ms, message });
    }
    if (parts?.leaf === "feedback") return;
    return observations.add(parts?.device ?? null, {
      type: "published",
      at_ms,
      wall_ms: clock.now(),
      connection: null,
      topic,
      payload,
      qos: packet.qos,
      // to those who listen already, a broker passes everything on as not retained
      retain: packet.retain ? true : null,
      stored: packet.retain,
    });
  });
  const filter = device === undefined ? "gengfu/#" : deviceTopic(device, "error").replace(/error$/, "#");
  try {
    await subscribe(client, filter, broker);
    print(`listening on ${filter} at ${broker} for ${seconds} s`);
    await pause(clock, seconds * 1_000, signal);
    if (signal.aborted) return;
    // what was retained meanwhile shows itself to a new subscription only
    await client.unsubscribeAsync(filter);
    await subscribe(client, filter, broker);
    await pause(clock, retained_ms, signal);
  } finally {
    await client.endAsync(true);
  }
}

async function connect({ broker, user, password }: ListenOptions): Promise<MqttClient> {
  try {
    return await connectAsync(
      broker,
      {
        protocolVersion: 4,
        reconnectPeriod: 0,
        connectTimeout: 5_000,
        ...(user === undefined ? {} : { username: user }),
        ...(password === undefined ? {} : { password }),
      },
      false,
    );
  } catch (error) {
    throw new UsageError(
      `The broker at ${broker} can't be listened to: ${messageOf(error) || String(error)}. ` +
        "Check --broker, --user and --password, or let the device come here: check --serve 1883",
    );
  }
}

async function subscribe(client: MqttClient, filter: string, broker: string): Promise<void> {
  // at QoS 2 a message comes as it was published, at no less
  const grants = await client.subscribeAsync(filter, { qos: 2 }).catch((error: unknown) => {
    throw new UsageError(
      `The broker at ${broker} doesn't let this user listen on ${filter} (${messageOf(error)}). ` +
        "Gengfu's own gateway lets a device listen on its own topics only: give --device, or let the device come here: check --serve 1883",
    );
  });
  if (grants.some(({ qos }) => qos === 128)) throw new UsageError(`The broker at ${broker} refuses ${filter}`);
}
