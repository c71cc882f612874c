import { messageOf } from "@gengfu/shared/errors";
import type { Logger } from "@gengfu/shared/logging";
import { pause, type Clock } from "@gengfu/shared/time/clock";
import { tapMessage } from "../../intake/message.ts";
import { closeSerialPort, openSerialPort } from "../../serial/serial-port.ts";
import type { Troubles } from "../../troubles.ts";
import { FaultStreak, type Fault } from "../fault-streak.ts";
import { LoopSource, pollEvery, type Tell } from "../loop-source.ts";
import { CardPresence } from "./card-presence.ts";
import {
  fieldOff,
  getFirmwareVersion,
  inListPassiveTarget,
  lookThrice,
  parseFirmwareVersion,
  parseTarget,
  samConfiguration,
} from "./commands.ts";
import { wakeUp } from "./frame.ts";
import { LinkFault, Pn532Link } from "./pn532-link.ts";
import type { Pn532Config, Pn532ReaderConfig } from "./schema.ts";

export interface Pn532SourceOptions {
  readonly config: Pn532Config;
  readonly troubles: Troubles;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly messages_max?: number;
}

const reopen_ms = 2_000;
const answer_timeout_ms = 1_000;
/** Polls in a row that may fail before the port is opened anew. */
const faults_max = 3;

/** NFC readers of the kind PN532 at serial ports. */
export function pn532Source(options: Pn532SourceOptions): LoopSource {
  const { config, clock, logger, messages_max } = options;
  return new LoopSource({
    name: "pn532",
    clock,
    logger,
    messages_max,
    run: async (tell, signal) => {
      await Promise.all(config.readers.map((reader) => runReader(reader, options, tell, signal)));
    },
  });
}

/** Opens the port again and again for as long as the source runs. */
async function runReader(
  config: Pn532ReaderConfig,
  options: Pn532SourceOptions,
  tell: Tell,
  signal: AbortSignal,
): Promise<void> {
  const { clock, troubles, logger } = options;
  const faults = new FaultStreak({ subject: `pn532 ${config.device}`, troubles, logger });
  // a card that lies there while the port is lost for a moment has not tapped again
  const presence = new CardPresence();
  while (!signal.aborted) {
    try {
      await useReader(config, options, presence, faults, tell, signal);
    } catch (error) {
      if (!signal.aborted) faults.report(faultOf(error, config));
    }
    await pause(clock, reopen_ms, signal);
  }
}

/** Polls over one connection; rejects when that is lost, or the reader no longer answers. */
async function useReader(
  { port: path, baud, device, poll }: Pn532ReaderConfig,
  { clock, logger }: Pn532SourceOptions,
  presence: CardPresence,
  faults: FaultStreak,
  tell: Tell,
  signal: AbortSignal,
): Promise<void> {
  const port = await openSerialPort({ path, baudRate: baud });
  const link = new Pn532Link({ write: (bytes) => void port.write(bytes), clock });
  const exchange = (command: Uint8Array): Promise<Uint8Array> => link.exchange(command, answer_timeout_ms);
  const stop = (): void => link.end(new Error("the source is stopped"));
  signal.addEventListener("abort", stop, { once: true });
  port.on("data", (chunk: Buffer) => link.receive(chunk));
  port.on("error", (error) => link.end(error));
  port.on("close", () => link.end(new Error("the port is gone")));
  const look = async (): Promise<void> => {
    const read_ms = clock.monotonic();
    const uid = parseTarget(await exchange(inListPassiveTarget));
    if (uid === undefined) throw new LinkFault("what it tells of a card can't be read");
    const tapped = presence.poll(uid, read_ms);
    if (tapped !== null) tell(device, tapMessage(tapped), read_ms);
    await exchange(fieldOff);
  };
  try {
    if (signal.aborted) return;
    await link.exchange(samConfiguration, answer_timeout_ms, wakeUp);
    const firmware = parseFirmwareVersion(await exchange(getFirmwareVersion));
    if (firmware === undefined) throw new LinkFault("it is no PN532");
    await exchange(lookThrice);
    logger.info({ device, firmware }, "an NFC reader is ready");
    let failed = 0;
    await pollEvery(poll, clock, signal, async () => {
      try {
        await look();
        failed = 0;
        faults.report(null);
      } catch (error) {
        failed += 1;
        if (signal.aborted || failed >= faults_max || !(error instanceof LinkFault)) throw error;
      }
    });
  } finally {
    signal.removeEventListener("abort", stop);
    await closeSerialPort(port);
  }
}

function faultOf(error: unknown, { device, port }: Pn532ReaderConfig): Fault {
  const reason = messageOf(error);
  if (error instanceof LinkFault) {
    return {
      code: "silent",
      isSure: true,
      text: {
        zh: `读卡器 ${device}(${port})没有正确应答(${reason})。请检查供电、接线(TX/RX)和模块拨码(应为 HSU)。`,
        en: `The reader ${device} (${port}) doesn't answer as a PN532 does (${reason}). Check power, TX and RX, and that the module is switched to HSU.`,
      },
    };
  }
  return {
    code: "port",
    isSure: true,
    text: {
      zh: `无法使用读卡器 ${device} 的串口 ${port}(${reason})。请检查 USB 连接、edge.yaml 中的 port 以及 dialout 组权限。`,
      en: `The serial port ${port} of the reader ${device} can't be used (${reason}). Check the plug, \`port\` in edge.yaml, and that the service's user is in the group dialout.`,
    },
  };
}
