import type { ParsedPublish } from "@gengfu/firmware-contracts/parse";
import type { Acknowledgement } from "@gengfu/shared/mqtt/ack-queue";
import type { RepeatLog } from "@gengfu/shared/repeat-limit";
import { sentOnce, valueMessage, type Deliver, type Origin } from "../intake/message.ts";
import { quarantineMessage, type Broken, type Quarantine } from "../intake/quarantine.ts";
import type { ForeignSession } from "./foreign-door.ts";
import type { Session } from "./session.ts";

/** A publish as it came, by whichever way. */
export interface Publish {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: number;
  readonly dup: boolean;
  readonly messageId?: number | undefined;
  readonly isWill: boolean;
}

export interface PublishTakerOptions {
  readonly deliver: Deliver;
  readonly quarantine: Quarantine;
  /** Says to a device what was wrong. */
  readonly answer: (device: string, payload: Buffer) => void;
  readonly log: RepeatLog;
}

const online = valueMessage("state", null, 1);
const offline = valueMessage("state", null, 0);

/** Takes devices' publishes over: to the intake, to quarantine, or not at all; each is acknowledged accordingly. */
export class PublishTaker {
  readonly #options: PublishTakerOptions;

  constructor(options: PublishTakerOptions) {
    this.#options = options;
  }

  take(session: Session, publish: Publish, verdict: ParsedPublish, acknowledgement: Acknowledgement): void {
    const { device, acks } = session;
    if (verdict.verdict === "foreign_topic") return this.#refuse(session, publish, acknowledgement);
    if (verdict.verdict === "quarantine") return this.#setAside(session, publish, verdict, acknowledgement);
    let durable: Promise<void>;
    if (verdict.verdict === "state") {
      durable = this.#options.deliver(device, verdict.online ? online : offline, originOf(publish, session));
    } else {
      const { message } = verdict;
      const isNumbered = message.boot !== null && message.seq !== null;
      durable = this.#options.deliver(device, message, isNumbered ? sentOnce : originOf(publish, session));
    }
    if (publish.isWill && typeof acknowledgement === "function") durable.then(() => acknowledgement(), acknowledgement);
    else acks.hold(durable, acknowledgement);
  }

  /** The same for one who doesn't speak the contract; what tells nothing is acknowledged in its turn. */
  takeForeign(session: Session, foreign: ForeignSession, publish: Publish, acknowledgement: Acknowledgement): void {
    if (!foreign.owns(publish.topic)) return this.#refuse(session, publish, acknowledgement);
    const durable = foreign.take(publish);
    if (publish.isWill && typeof acknowledgement === "function") {
      (durable ?? Promise.resolve()).then(() => acknowledgement(), acknowledgement);
    } else if (durable === null) session.acks.follow(acknowledgement);
    else session.acks.hold(durable, acknowledgement);
  }

  #refuse(session: Session, { topic }: Publish, acknowledgement: Acknowledgement): void {
    const context = { ...session.about, topic: topic.slice(0, 256) };
    this.#options.log.warn(`topic ${session.device}`, context, "a device published on a foreign topic; dropped");
    const error = new Error("not taken over: a foreign topic");
    if (typeof acknowledgement === "number") session.drop(error);
    else acknowledgement(error);
  }

  /** Keeps a payload that breaks the contract, acknowledges it then, and says what was wrong with it. */
  #setAside(session: Session, publish: Publish, broken: Broken, acknowledgement: Acknowledgement): void {
    const { device, acks } = session;
    const { quarantine, deliver, answer, log } = this.#options;
    const room = quarantine.enter(device);
    if (room !== "keep") {
      if (room === "first_over") {
        const what = "a device breaks the contract too often; for now its payloads are counted only";
        log.warn(`quarantine ${device}`, session.about, what);
      }
      return acks.follow(acknowledgement);
    }
    const message = quarantineMessage(publish.topic, publish.payload, broken);
    const durable = deliver(device, message, originOf(publish, session));
    const { code, detail } = broken;
    durable.then(
      () => {
        const payload = JSON.stringify({ code, message: detail.message, path: detail.path });
        answer(device, Buffer.from(payload, "utf8"));
      },
      () => log.warn(`full ${device}`, session.about, "a payload in quarantine could not be kept"),
    );
    acks.hold(durable, acknowledgement);
  }
}

/** How this publish would be known if it came again: it can't at QoS 0, and a will has no sender any more. */
function originOf({ qos, isWill, messageId, dup }: Publish, { trail }: Session): Origin {
  if (qos === 0 || isWill || messageId === undefined) return sentOnce;
  return { trail, messageId, again: dup };
}
