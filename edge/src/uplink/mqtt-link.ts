import { connect, type IClientOptions } from "mqtt";
import { messageOf } from "@gengfu/shared/errors";
import type { CloudLink, Dial } from "./cloud-link.ts";

export interface MqttLinkOptions {
  readonly url: string;
  readonly gateway: string;
  readonly secret: string;
  /** Certificate authority of the cloud, PEM; those of the system without it. */
  readonly ca: string | undefined;
}

const connect_timeout_ms = 10_000;
const keepalive_s = 20;

/**
 * Dials the cloud's broker. Each connection has a client of its own, which never reconnects: what it holds
 * unacknowledged goes with it, and the log sends it again.
 */
export function mqttDial({ url, gateway, secret, ca }: MqttLinkOptions): Dial {
  const options: IClientOptions = {
    clientId: `gengfu-${gateway}`,
    username: gateway,
    password: secret,
    protocolVersion: 4,
    clean: true,
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    connectTimeout: connect_timeout_ms,
    keepalive: keepalive_s,
    rejectUnauthorized: true,
    ...(ca === undefined ? {} : { ca }),
  };
  return (signal) =>
    new Promise((resolve, reject) => {
      if (signal.aborted) return reject(new Error("no longer wanted"));
      const client = connect(url, { ...options });
      const lost = Promise.withResolvers<string>();
      let isLost = false;
      const end = (reason: string): void => {
        if (isLost) return;
        isLost = true;
        signal.removeEventListener("abort", abort);
        client.end(true);
        lost.resolve(reason);
        reject(new Error(reason));
      };
      const abort = (): void => end("no longer wanted");
      signal.addEventListener("abort", abort);
      client.on("error", (error) => end(messageOf(error)));
      client.on("close", () => end("the connection was closed"));
      client.on("connect", () => {
        signal.removeEventListener("abort", abort);
        const link: CloudLink = {
          publish(topic, payload, acknowledged) {
            client.publish(
              topic,
              Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength),
              { qos: 1 },
              (error) => {
                if (error == null && !isLost) acknowledged();
              },
            );
          },
          tell(topic, payload) {
            client.publish(topic, payload, { qos: 0 });
          },
          listen: (topic, take) =>
            new Promise((granted) => {
              client.on("message", (from, payload) => {
                if (from === topic && !isLost) take(payload);
              });
              client.subscribe(topic, { qos: 0 }, (error, grants) => {
                if (error === null && grants?.[0]?.qos === 0) granted();
              });
            }),
          lost: lost.promise,
          close: () => end("closed"),
        };
        resolve(link);
      });
    });
}
