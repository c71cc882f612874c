import type { Site } from "@gengfu/shared/model/site";
import { gatewayAlert, type GatewayAlert } from "@gengfu/shared/uplink-protocol";
import { openStates, type Alert } from "./alert.ts";
import type { AlertService } from "./alert-service.ts";

/** What of a site's alerts its gateways are told, for those on site. */
export class AlertRelay {
  readonly #alerts: Pick<AlertService, "list">;
  readonly #gatewaysOf: ReadonlyMap<string, readonly string[]>;
  readonly #siteOf: ReadonlyMap<string, string>;

  constructor(alerts: Pick<AlertService, "list">, sites: readonly Site[]) {
    this.#alerts = alerts;
    this.#gatewaysOf = new Map(sites.map(({ id, gateways }) => [id, gateways.map((gateway) => gateway.id)]));
    this.#siteOf = new Map(sites.flatMap(({ id, gateways }) => gateways.map((gateway) => [gateway.id, id])));
  }

  /** The open alerts of a gateway's site, oldest first. */
  open(gateway: string): GatewayAlert[] {
    const site = this.#siteOf.get(gateway);
    return this.#alerts
      .list({ states: [...openStates] })
      .filter((alert) => alert.site === site)
      .toReversed()
      .flatMap((alert) => told(alert) ?? []);
  }

  /** Whom to tell of a change, and what. */
  change(alert: Alert): { readonly gateways: readonly string[]; readonly alert: GatewayAlert } | undefined {
    const telling = told(alert);
    return telling === undefined ? undefined : { gateways: this.#gatewaysOf.get(alert.site) ?? [], alert: telling };
  }
}

/** Undefined for one that is only pending: nobody is told of it yet. */
function told({
  id,
  rule,
  severity,
  state,
  device,
  channel,
  value,
  raisedAt,
  messages,
}: Alert): GatewayAlert | undefined {
  const alert = { id, rule, severity, state, device, channel, value, raisedAt, message: messages };
  return gatewayAlert.safeParse(alert).data;
}
