import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqliteLog } from "@gengfu/shared/log/sqlite-log";
import { silentLogger } from "@gengfu/shared/logging";
import type { StoredReading } from "@gengfu/shared/model/reading";
import { site as siteSchema, type Site } from "@gengfu/shared/model/site";
import { entriesOf, HeldLog } from "@gengfu/shared/testing/held-log";
import { ManualClock } from "@gengfu/shared/time/clock";
import { createGatewayRegistry } from "../../gateways/gateway-registry.ts";
import type { GatewayRegistry } from "../../gateways/registry.ts";
import { cloudBlockCodec } from "../../ingress/cloud-block-codec.ts";
import { Ledger } from "../../ledger/ledger.ts";
import { transmissionSettings } from "../settings.ts";
import { TransmissionServer } from "../transmission-server.ts";
import { ScriptedUnit, type UnitAddresses } from "./scripted-unit.ts";

/** 2026-01-05 08:00:00 in China. */
export const startedAt = Date.UTC(2026, 0, 5, 0, 0);

export const site: Site = siteSchema.parse({
  id: "court",
  name: "Court",
  gateways: [
    { id: "main", name: "Main", secret: "s" },
    {
      id: "fire-unit",
      name: "Fire unit",
      gb26875: { address: 889, device: "unit", parts: [{ system: 1, device: "fire-panel" }] },
    },
    { id: "other-unit", name: "Other unit", gb26875: { address: 890, device: "other" } },
  ],
  devices: ["unit", "fire-panel", "other"].map((id) => ({
    id,
    name: id,
    gateway: id === "other" ? "other-unit" : "fire-unit",
    measures: [{ kind: "contact", channel: "fire" }],
  })),
});

interface Parts {
  readonly server: TransmissionServer;
  readonly ledger: Ledger;
  readonly registry: GatewayRegistry;
  readonly log: HeldLog<StoredReading>;
  readonly port: number;
}

/** The server with all that stands behind it, over files in a folder of its own; it can be started again over them. */
export class ServerUnderTest {
  readonly folder = mkdtempSync(join(tmpdir(), "gengfu-gb26875-"));
  readonly clock = new ManualClock(startedAt);
  readonly #units: ScriptedUnit[] = [];
  #parts: Parts | undefined;

  get parts(): Parts {
    if (this.#parts === undefined) throw new Error("not started");
    return this.#parts;
  }

  async start(settings: Record<string, unknown> = {}): Promise<void> {
    const common = { clock: this.clock, logger: silentLogger };
    const file = (name: string): string => join(this.folder, name);
    const log = new HeldLog(openSqliteLog<StoredReading>({ ...common, file: file("log.db"), codec: cloudBlockCodec }));
    const ledger = new Ledger({ ...common, log, file: file("ledger.db") });
    await ledger.start();
    const registry = createGatewayRegistry({ ...common, gateways: site.gateways, ledger, file: file("gateways.json") });
    await registry.start();
    const server = new TransmissionServer({
      ...common,
      settings: transmissionSettings.parse({ port: 0, ...settings }),
      sites: [site],
      file: file("gb26875.db"),
      log,
      ledger,
      registry,
    });
    const { port } = await server.start();
    this.#parts = { server, ledger, registry, log, port };
  }

  async stop(): Promise<void> {
    for (const unit of this.#units.splice(0)) unit.end();
    const { server, registry, ledger, log } = this.parts;
    this.#parts = undefined;
    log.fail();
    await server.stop();
    await registry.stop();
    await ledger.stop();
    await log.close();
  }

  async remove(): Promise<void> {
    if (this.#parts !== undefined) await this.stop();
    rmSync(this.folder, { recursive: true });
  }

  async connect(addresses: UnitAddresses = {}): Promise<ScriptedUnit> {
    const unit = await ScriptedUnit.connect(this.parts.port, () => this.clock.now(), addresses);
    this.#units.push(unit);
    return unit;
  }

  /** What is in the log, in its order, but for the signs of life that the server makes itself. */
  async readings(): Promise<StoredReading[]> {
    return (await entriesOf(this.parts.log)).filter(({ kind }) => kind !== "state");
  }

  /** Values of one contact, in the log's order. */
  async contact(device: string, channel: string): Promise<(number | null)[]> {
    const all = await this.readings();
    return all.filter((each) => each.device === device && each.channel === channel).map(({ value }) => value);
  }
}
