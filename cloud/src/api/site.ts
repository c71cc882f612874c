import { clockQualities, deviceKinds, kinds } from "@gengfu/shared/model/reading";
import { severities } from "@gengfu/shared/model/rule";
import { gatewayOf, grades, type Site } from "@gengfu/shared/model/site";
import { z } from "zod";
import type { GatewayStatus } from "@gengfu/shared/uplink-protocol";
import type { GatewayRegistry, GatewayView } from "../gateways/registry.ts";
import { deviceStates, type DeviceStates, type DeviceView } from "../live/device-states.ts";
import { ProblemError } from "./problem.ts";
import type { ReadingViews } from "./reading-view.ts";
import { problems, type Api } from "./routes.ts";

export interface SiteRoutes {
  readonly sites: readonly Site[];
  readonly gateways: Pick<GatewayRegistry, "list">;
  readonly devices: DeviceStates;
  readonly views: ReadingViews;
  /** Which of the channels to people that are in use are configured. */
  readonly notifications: Readonly<Record<string, boolean>>;
}

const bilingual = z.object({ zh: z.string(), en: z.string() });
const interval = z.tuple([z.int(), z.int()]).describe("First and last seq, both included.");

const siteView = z
  .object({
    id: z.string(),
    name: bilingual,
    timeZone: z.string().describe("IANA name of the zone in which times are shown and rounds are planned."),
    gateways: z.array(z.object({ id: z.string(), name: bilingual })),
    devices: z.array(
      z.object({
        id: z.string(),
        name: bilingual,
        type: z.string().describe("fire_panel, tank, boiler, reader, gate or other."),
        gateway: z.string(),
        measures: z.array(
          z.object({
            kind: z.enum(deviceKinds),
            channel: z.string().nullable(),
            name: bilingual.nullable(),
            min: z.number().nullable().describe("Lower end of the scale that displays draw, in the kind's unit."),
            max: z.number().nullable().describe("Upper end of the scale that displays draw, in the kind's unit."),
          }),
        ),
      }),
    ),
    checkpoints: z.array(
      z.object({ id: z.string(), name: bilingual, device: z.string().nullable(), tag: z.string().nullable() }),
    ),
    routes: z.array(
      z.object({
        id: z.string(),
        name: bilingual,
        checkpoints: z.array(z.string()),
        ordered: z.boolean(),
        rounds: z.array(z.object({ days: z.array(z.string()), start: z.string(), end: z.string() })),
      }),
    ),
    defects: z
      .array(z.object({ id: z.string(), name: bilingual, grade: z.enum(grades) }))
      .describe("What guards report by tapping a card that stands for it."),
    people: z
      .array(z.object({ id: z.string(), name: bilingual, role: z.string() }))
      .describe("Without phones and cards."),
    rules: z.array(
      z.object({
        id: z.string(),
        name: bilingual,
        severity: z.enum(severities),
        when: z
          .looseObject({ type: z.string() })
          .describe("The condition, as in the site's file; durations in milliseconds."),
        for_ms: z.int().describe("How long it must hold before the alert fires."),
        advice: bilingual.nullable(),
      }),
    ),
    notifications: z
      .record(z.string(), z.boolean())
      .describe(
        "Which of the channels that the routes name are configured, such as `wecom_bot`; the others' messages stand as " +
          "`would_be_sent`.",
      ),
  })
  .meta({ id: "Site", description: "What is there, who works there, what is watched." });

export const gatewayView = z
  .object({
    id: z.string(),
    connected: z.boolean(),
    lastSeenAt: z
      .int()
      .nullable()
      .describe("When anything last came from it, epoch milliseconds UTC by the cloud's clock."),
    backlog: z
      .int()
      .nullable()
      .describe("Readings that still wait there, as it last said; null before its first status."),
    queued: z.object({ events: z.int(), samples: z.int() }).nullable().describe("The backlog of each lane."),
    received: z.array(interval).describe("Seqs of the current epoch that the cloud has."),
    missing: z.array(interval).describe("Seqs of the current epoch that it lacks."),
    missingBecause: z
      .array(z.object({ from: z.int(), to: z.int(), reason: z.string() }))
      .describe("The same with the reasons."),
    unused: z
      .array(interval)
      .describe(
        "Seqs that the gateway had set apart when it died, and did not use; nothing that it acknowledged is among them.",
      ),
    clock: z.enum(clockQualities).nullable().describe("How the gateway knows the time."),
    disk: z
      .object({
        writtenTodayBytes: z.int().describe("Since midnight by the site's clock."),
        writtenYesterdayBytes: z.int().nullable().describe("Null where the gateway did not run then."),
        waiting: z.int().describe("Readings that the cloud has or will have soon, and the gateway's disk not yet."),
      })
      .nullable()
      .describe("What goes to the gateway's disk, as it last said; null where it says nothing of it."),
    epoch: z.int().nullable().describe("The gateway's numbering; it changes when its log starts anew."),
    troubles: z.array(z.string()).describe("What someone should look at, each a sentence."),
    version: z.string().nullable(),
  })
  .meta({ id: "Gateway", description: "A gateway, what the cloud has of it and what it lacks." });

const deviceView = z
  .object({
    id: z.string(),
    name: bilingual,
    type: z.string().describe("fire_panel, tank, boiler, reader, gate or other."),
    gateway: z.string(),
    kinds: z.array(z.enum(kinds)),
    lastSeenAt: z.int().nullable().describe("When its gateway last took anything in from it, epoch milliseconds UTC."),
    state: z
      .enum(deviceStates)
      .describe(
        "online; offline: its connection ended; silent: nothing came for too long; unknown: never heard, or its gateway " +
          "is away or behind and can't tell.",
      ),
    last: z
      .record(z.string(), z.looseObject({ at: z.int(), value: z.number().nullable() }))
      .describe(
        "The newest reading of each series, by `kind` or `kind/channel`, with what its kind has besides the value.",
      ),
  })
  .meta({ id: "Device", description: "A device of the site and its newest readings." });

export function siteRoutes(api: Api, options: SiteRoutes): void {
  const { sites, gateways, devices, views } = options;

  api.route({
    method: "GET",
    url: "/site",
    config: { right: "read" },
    schema: {
      operationId: "getSite",
      tags: ["site"],
      summary: "The site: what is there, who works there, what is watched",
      querystring: z.strictObject({
        id: z.string().optional().describe("Which site, where there are several; the first by default."),
      }),
      response: { 200: siteView.describe("The site."), ...problems(400, 401, 403, 404) },
    },
    handler: ({ query }) => {
      const site = query.id === undefined ? sites[0] : sites.find(({ id }) => id === query.id);
      if (site === undefined) throw new ProblemError(404, `there is no site ${JSON.stringify(query.id)}`);
      return { ...showSite(site), notifications: { ...options.notifications } };
    },
  });

  api.route({
    method: "GET",
    url: "/gateways",
    config: { right: "read" },
    schema: {
      operationId: "listGateways",
      tags: ["site"],
      summary: "The gateways, what the cloud has of each and what it lacks",
      response: {
        200: z.object({ gateways: z.array(gatewayView) }).describe("The gateways, in the site's order."),
        ...problems(401, 403),
      },
    },
    handler: () => ({ gateways: gateways.list().map(showGateway) }),
  });

  api.route({
    method: "GET",
    url: "/devices",
    config: { right: "read" },
    schema: {
      operationId: "listDevices",
      tags: ["site"],
      summary: "The devices and their newest readings",
      response: {
        200: z.object({ devices: z.array(deviceView) }).describe("The devices, in the site's order, heard or not."),
        ...problems(401, 403),
      },
    },
    handler: () => ({ devices: devices.list().map((device) => showDevice(device, views)) }),
  });
}

export function showGateway(gateway: GatewayView): z.output<typeof gatewayView> {
  return {
    id: gateway.id,
    connected: gateway.connected,
    lastSeenAt: gateway.lastSeenAt,
    backlog: gateway.backlog,
    queued: gateway.queued === null ? null : { ...gateway.queued },
    received: gateway.received.map(([from, to]) => [from, to]),
    missing: gateway.missing.map(([from, to]) => [from, to]),
    missingBecause: gateway.missingBecause.map(({ from, to, reason }) => ({ from, to, reason })),
    unused: gateway.unused.map(([from, to]) => [from, to]),
    clock: gateway.clock,
    disk: showDisk(gateway.status?.disk),
    epoch: gateway.epoch,
    troubles: [...gateway.troubles],
    version: gateway.version,
  };
}

function showDisk(disk: GatewayStatus["disk"]): z.output<typeof gatewayView>["disk"] {
  if (disk === undefined) return null;
  const { written_today_bytes, written_yesterday_bytes, waiting } = disk;
  return { writtenTodayBytes: written_today_bytes, writtenYesterdayBytes: written_yesterday_bytes, waiting };
}

function showDevice(view: DeviceView, views: ReadingViews): z.output<typeof deviceView> {
  return {
    id: view.id,
    name: view.device?.name ?? { zh: view.id, en: view.id },
    type: view.device?.type ?? "other",
    gateway: view.gateway,
    kinds: [...view.kinds],
    lastSeenAt: view.lastSeenAt,
    state: view.state,
    last: Object.fromEntries(
      [...view.last].map(([series, reading]) => [
        series,
        {
          ...views.detail(reading),
          at: reading.at,
          value: reading.value,
          receivedAt: reading.receivedAt,
          clock: reading.clock,
        },
      ]),
    ),
  };
}

function showSite(site: Site): Omit<z.output<typeof siteView>, "notifications"> {
  return {
    id: site.id,
    name: site.name,
    timeZone: site.time_zone,
    gateways: site.gateways.map(({ id, name }) => ({ id, name })),
    devices: site.devices.map((device) => ({
      id: device.id,
      name: device.name,
      type: device.type,
      gateway: gatewayOf(site, device),
      measures: device.measures.map(({ kind, channel, name, min, max }) => ({
        kind,
        channel: channel ?? null,
        name: name ?? null,
        min: min ?? null,
        max: max ?? null,
      })),
    })),
    checkpoints: site.checkpoints.map(({ id, name, device, tag }) => ({
      id,
      name,
      device: device ?? null,
      tag: tag ?? null,
    })),
    routes: site.routes.map(({ id, name, checkpoints, ordered, rounds }) => ({
      id,
      name,
      checkpoints,
      ordered,
      rounds,
    })),
    defects: site.defects.map(({ id, name, grade }) => ({ id, name, grade })),
    people: site.people.map(({ id, name, role }) => ({ id, name, role })),
    rules: site.rules.map(({ id, name, severity, when, for: for_ms, advice }) => ({
      id,
      name,
      severity,
      when,
      for_ms,
      advice: advice ?? null,
    })),
  };
}
