import { hasPty, openPty, type Pty } from "@gengfu/edge/testing/pty";
import { ScriptedPn532 } from "@gengfu/edge/testing/scripted-pn532";
import { TypingFifo } from "@gengfu/edge/testing/typing-fifo";
import { systemClock } from "@gengfu/shared/time/clock";
import { describe, expect, onTestFinished, test } from "vitest";
import { sendLines, subscribe, type Sender } from "../support/mosquitto.ts";
import { processesWith } from "../support/processes.ts";
import { startServices, type Services, type SiteOptions } from "../support/services.ts";
import { smallDisk } from "../support/small-disk.ts";
import { lacks } from "../support/tools.ts";
import { until } from "../support/until.ts";

const zhang = "04A1B2C3D4E580";
const li = "04A1B2C3D4E581";
const stranger = "DEADBEEF";
const poll_ms = 50;
const repeatWithin_ms = 1_000;

describe.skipIf(!hasPty || lacks("mosquitto_pub"))("taps, from the reader to the API", () => {
  /** A site whose readers are one of each kind: by MQTT, PN532, and typing. */
  async function startSite(
    taps: Readonly<Record<string, unknown>> = {},
    options: SiteOptions = {},
  ): Promise<{ services: Services; pty: Pty; chip: ScriptedPn532; fifo: TypingFifo }> {
    const pty = await openPty();
    onTestFinished(() => pty.remove());
    const fifo = new TypingFifo();
    onTestFinished(() => fifo.remove());
    const chip = new ScriptedPn532(pty);
    const services = await startServices({
      ...options,
      edge: {
        taps,
        pn532: { readers: [{ port: pty.path, device: "reader-floor-2", poll: `${poll_ms}ms` }] },
        keyboard_readers: { readers: [{ input: fifo.path, device: "reader-boiler-room", format: "hex" }] },
      },
    });
    return { services, pty, chip, fifo };
  }

  /** The cards that the API has of a reader, oldest first. */
  async function cardsOf({ api }: Services, device: string): Promise<unknown[]> {
    return (await api.readings(`?kind=tap&device=${device}`)).map(({ card }) => card).toReversed();
  }

  async function untilCards(services: Services, device: string, cards: readonly string[]): Promise<void> {
    await until(
      `${cards.join(", ")} of ${device}`,
      async () => (await cardsOf(services, device)).length >= cards.length,
    );
    expect(await cardsOf(services, device)).toEqual(cards);
  }

  /** Resolves after the chip was asked so often whether a card is there. */
  function polls(chip: ScriptedPn532, count: number): Promise<void> {
    return new Promise((resolve) => {
      chip.onCommand = (code) => {
        if (code === 0x4a && --count === 0) resolve();
      };
    });
  }

  /** Publishes over one connection of the real mosquitto_pub, and waits for the acknowledgements. */
  async function publishTaps(reader: Sender, taps: readonly object[]): Promise<void> {
    const sender = sendLines(reader, `gengfu/v1/${reader.device}/tap`);
    onTestFinished(() => sender.kill());
    sender.write(taps.map((tap) => JSON.stringify(tap)));
    expect(await sender.end()).toEqual({ code: 0, stderr: "" });
  }

  function payloads(messages: readonly string[]): unknown[] {
    return messages.map((line) => JSON.parse(line.slice(line.indexOf(" ") + 1)) as unknown);
  }

  test("a reader on MQTT: repeats are one tap, and the guard hears what became of each", async () => {
    const { services } = await startSite();
    const reader = { broker: services.deviceBroker, device: "reader-lobby" };
    const { messages } = await subscribe(reader, "gengfu/v1/reader-lobby/feedback", 5, 60);
    await publishTaps(
      reader,
      [zhang, zhang, zhang.toLowerCase(), li, stranger].map((card) => ({ card })),
    );
    const heard = payloads(await messages);
    const accepted = { result: "accepted", card: zhang, guard: "zhang-wei", guard_name: "张伟" };
    expect(heard).toEqual([
      accepted,
      { ...accepted, repeat: true },
      { ...accepted, repeat: true },
      { result: "accepted", card: li, guard: "li-na", guard_name: "李娜" },
      { result: "unknown_card", card: stranger },
    ]);
    await untilCards(services, "reader-lobby", [zhang, li, stranger]);
    // an hour's taps of a carried reader, handed in at once, newest first
    const late = [1, 2, 3, 4, 5, 6].map((seq) => ({ card: zhang, age: seq * 600_000, boot: 7, seq }));
    await publishTaps(reader, [...late, ...late.map((tap) => ({ ...tap, age: tap.age - 1_000, seq: tap.seq + 6 }))]);
    await untilCards(services, "reader-lobby", [...Array<string>(6).fill(zhang), zhang, li, stranger]);
  });

  test("a PN532 at a serial port: a card that lies there is one tap, also over an unplugged adapter", async () => {
    const { services, pty, chip } = await startSite({ repeat_within: `${repeatWithin_ms}ms` });
    const reader = { broker: services.deviceBroker, device: "reader-floor-2" };
    const { messages } = await subscribe(reader, "gengfu/v1/reader-floor-2/feedback", 3, 60);
    chip.card = zhang;
    await polls(chip, 40);
    await untilCards(services, "reader-floor-2", [zhang]);
    chip.card = null;
    await polls(chip, 5 + (2 * repeatWithin_ms) / poll_ms);
    chip.card = zhang;
    await untilCards(services, "reader-floor-2", [zhang, zhang]);
    await pty.unplug();
    await until("the edge to notice", () => services.edge.log.includes(`The serial port ${pty.path}`));
    chip.reset();
    await pty.plug();
    await polls(chip, 5);
    chip.card = stranger;
    await untilCards(services, "reader-floor-2", [zhang, zhang, stranger]);
    expect(payloads(await messages)).toMatchObject([
      { result: "accepted", guard: "zhang-wei" },
      { result: "accepted", guard: "zhang-wei" },
      { result: "unknown_card", card: stranger },
    ]);
  });

  test("a reader that types: repeats are one tap, and what is no number is none", async () => {
    const { services, fifo } = await startSite();
    const reader = { broker: services.deviceBroker, device: "reader-boiler-room" };
    const { messages } = await subscribe(reader, "gengfu/v1/reader-boiler-room/feedback", 3, 60);
    fifo.type(`${zhang}\n${zhang}\n0077705923\n123\n${li}\n`);
    const heard = payloads(await messages);
    expect(heard).toMatchObject([
      { guard: "zhang-wei" },
      { guard: "zhang-wei", repeat: true },
      { result: "unknown_card" },
    ]);
    await untilCards(services, "reader-boiler-room", [zhang, "0077705923", li]);
    const begin_ms = systemClock.monotonic();
    await services.edge.kill("SIGTERM");
    expect(systemClock.monotonic() - begin_ms).toBeLessThan(5_000);
    expect(processesWith(fifo.path)).toEqual([]);
  });

  test("a full disk: the guard hears that the tap is not stored, and that it is once there is room", async () => {
    const disk = smallDisk();
    const { services, chip } = await startSite({}, { edgeData: disk.folder });
    const { edge, deviceBroker: broker } = services;
    const feedback = (count: number) =>
      subscribe({ broker, device: "reader-floor-2" }, "gengfu/v1/reader-floor-2/feedback", count, 60);
    const heard = [await feedback(1), await feedback(2)];
    disk.fill(edge.pid);
    const lobby = sendLines({ broker, device: "reader-lobby" }, "gengfu/v1/reader-lobby/tap");
    onTestFinished(() => lobby.kill());
    const others = Array.from({ length: 200 }, (_, index) => `0000${String(1_000 + index)}`);
    lobby.write(others.map((card) => JSON.stringify({ card })));
    await until("the edge to notice", () => edge.log.includes("the log can't be written"));
    chip.card = zhang;
    expect(payloads((await heard[0]?.messages) ?? [])).toMatchObject([{ result: "not_stored", guard: "zhang-wei" }]);
    disk.free(edge.pid);
    expect(payloads((await heard[1]?.messages) ?? [])).toMatchObject([
      { result: "not_stored" },
      { result: "accepted" },
    ]);
    await lobby.end();
    await untilCards(services, "reader-floor-2", [zhang]);
    await untilCards(services, "reader-lobby", others);
  });

  test("what was called accepted is there after the gateway is killed at once", async () => {
    const { services, chip } = await startSite();
    const reader = { broker: services.deviceBroker, device: "reader-floor-2" };
    const cards = [zhang, li, zhang];
    for (const card of cards) {
      const { messages } = await subscribe(reader, "gengfu/v1/reader-floor-2/feedback", 1, 60);
      chip.card = card;
      expect(payloads(await messages)).toMatchObject([{ result: "accepted", card }]);
      await services.edge.kill();
      chip.card = null;
      await services.edge.startWell();
    }
    await untilCards(services, "reader-floor-2", cards);
  });
});
