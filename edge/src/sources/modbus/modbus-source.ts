import type { BackoffBounds } from "@gengfu/shared/backoff";
import type { Logger } from "@gengfu/shared/logging";
import type { Clock } from "@gengfu/shared/time/clock";
import type { Troubles } from "../../troubles.ts";
import { LoopSource } from "../loop-source.ts";
import { ConnectionPoller, type OpenLine } from "./connection-poller.ts";
import { openLine } from "./modbus-line.ts";
import type { ModbusConfig } from "./schema.ts";

export interface ModbusSourceOptions {
  readonly config: ModbusConfig;
  readonly troubles: Troubles;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Readings held while the intake takes nothing over. */
  readonly messages_max?: number;
  /** How soon a connection is tried again that can't be had; after 1 s, and at most 30 s. */
  readonly reconnect?: BackoffBounds;
  readonly openLine?: OpenLine;
}

/** Controllers and transmitters by Modbus, each connection polled on its own. */
export function modbusSource(options: ModbusSourceOptions): LoopSource {
  const { config, troubles, clock, logger, messages_max, reconnect = { first_ms: 1_000, max_ms: 30_000 } } = options;
  const pollers = config.connections.map(
    (connection) =>
      new ConnectionPoller({
        config: connection,
        openLine: options.openLine ?? openLine,
        troubles,
        clock,
        logger,
        reconnect,
      }),
  );
  return new LoopSource({
    name: "modbus",
    clock,
    logger,
    messages_max,
    run: async (tell, signal) => {
      await Promise.all(pollers.map((poller) => poller.run(tell, signal)));
    },
  });
}
