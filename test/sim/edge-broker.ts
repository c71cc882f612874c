import type { EdgeEntry } from "@gengfu/edge/entry";
import type { DeliveryTrail } from "@gengfu/edge/intake/delivery-trails";
import type { Intake } from "@gengfu/edge/intake/intake";
import { sentOnce, valueMessage, type Origin } from "@gengfu/edge/intake/message";
import { Quarantine, quarantineMessage } from "@gengfu/edge/intake/quarantine";
import { parsePublish } from "@gengfu/firmware-contracts/parse";
import { messageOf } from "@gengfu/shared/errors";
import type { Log } from "@gengfu/shared/log/log";
import { AckQueue } from "@gengfu/shared/mqtt/ack-queue";
import type { DeviceDoor, DevicePublish } from "./device.ts";
import type { Life } from "./machine.ts";
import type { Oracle } from "./oracle.ts";
import type { Publication } from "./publication.ts";
import type { World } from "./world.ts";

export interface EdgeBrokerOptions {
  readonly world: World;
  readonly oracle: Oracle;
  readonly life: Life;
  readonly intake: Intake;
  readonly log: Log<EdgeEntry>;
  /** Entries that may wait for the disk. */
  readonly pending_max: number;
}

const quarantine_perMinute = 10_000;

/** The devices' broker without its sockets: hands publishes to the intake and acknowledges what that took over. */
export function edgeBroker({ world, oracle, life, intake, log, pending_max }: EdgeBrokerOptions): DeviceDoor {
  const quarantine = new Quarantine(life.clock, quarantine_perMinute);

  function deliver(device: string, trail: DeliveryTrail, publish: DevicePublish): Promise<void> {
    const { topic, payload } = publish.publication;
    const verdict = parsePublish(device, topic, payload);
    const origin: Origin = { trail, messageId: publish.messageId, again: publish.dup };
    if (verdict.verdict === "quarantine") {
      quarantine.enter(device);
      return intake.deliver(device, quarantineMessage(topic, payload, verdict), origin);
    }
    if (verdict.verdict !== "reading") return Promise.reject(new Error(`unexpected: ${verdict.verdict}`));
    const isNumbered = verdict.message.boot !== null && verdict.message.seq !== null;
    return intake.deliver(device, verdict.message, isNumbered ? sentOnce : origin);
  }

  return (device, clientId, wire) => {
    if (life.strikes("edge.accept") || intake.isFull) return undefined;
    const trail = intake.trails.open(device, clientId);
    const taken = new Map<number, Publication>();
    const acks = new AckQueue({
      isClosed: () => life.isOver || !wire.isOpenForServer,
      write: (bytes) => {
        if (life.strikes("edge.puback")) return;
        const ids = messageIdsOf(bytes);
        for (const id of ids) {
          const publication = taken.get(id);
          if (publication === undefined || oracle.isSafe(publication)) continue;
          world.violate("I1", `the edge acknowledged publication ${publication.id}, which is on no disk`);
        }
        wire.sendDown(ids);
      },
      drop: (error) => {
        world.trace("edge", `drops ${device}: ${messageOf(error)}`);
        wire.closeByServer("broken");
      },
      settled: () => undefined,
    });
    life.onEnd((isPowerCut) => wire.closeByServer(isPowerCut ? "silent" : "broken"));
    return {
      receive: (publish) => {
        if (life.strikes("edge.receive")) return;
        taken.set(publish.messageId, publish.publication);
        const before = intake.repeats;
        acks.hold(deliver(device, trail, publish), publish.messageId);
        world.count("repeats known at the edge", intake.repeats - before);
        // beside what devices publish the edge may have to tell the time
        if (log.pending > pending_max + 1) world.violate("I6", `${log.pending} entries wait for the edge's disk`);
      },
      lost: (isClean) => {
        if (life.isOver) return;
        intake.trails.close(trail, isClean);
        if (isClean) return;
        // the device's last will; where it is not taken over nobody is there to send it again
        intake.deliver(device, valueMessage("state", null, 0), sentOnce).catch(() => world.count("wills refused"));
      },
    };
  };
}

/** Of PUBACKs that stand one behind the other. */
function messageIdsOf(pubacks: Buffer): number[] {
  return Array.from({ length: pubacks.length / 4 }, (_, index) => pubacks.readUInt16BE(4 * index + 2));
}
