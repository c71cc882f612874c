import { useComputed } from "@preact/signals";
import type { Site, SiteDevice } from "../api/types.ts";
import { useApp } from "../components/app.ts";
import { Mark } from "../components/mark.tsx";
import { doubtMark } from "../components/reading-value.tsx";
import { useDoubt, useReading } from "../components/series.ts";
import { Sheet } from "../components/sheet.tsx";
import { nbsp } from "../text/format.ts";

/** Every device: whether it is heard, and how its battery and its signal are. */
export function Devices({ site }: { readonly site: Site }) {
  const { store } = useApp();
  const { devices: text } = store.text.value;
  const state = store.siteState.value;
  return (
    <Sheet
      id="devices"
      title={text.title}
      summary={state === null ? undefined : text.online(state.devices.current, state.devices.total)}
    >
      <table class="ledger devices">
        <thead>
          <tr>
            <th scope="col">{text.name}</th>
            <th scope="col">{text.state}</th>
            <th scope="col">{text.lastSeen}</th>
            <th scope="col" class="number">
              {text.battery}
            </th>
            <th scope="col" class="number">
              {text.signal}
            </th>
            <th scope="col" class="optional">
              {text.firmware}
            </th>
          </tr>
        </thead>
        <tbody>
          {site.devices.map((device) => (
            <DeviceRow key={device.id} device={device} />
          ))}
        </tbody>
      </table>
    </Sheet>
  );
}

function DeviceRow({ device }: { readonly device: SiteDevice }) {
  const { store } = useApp();
  const { presence, devices: text, ago } = store.text.value;
  const format = store.format.value;
  const now = store.now.value;
  const doubt = useDoubt(device);
  const seenAt = useComputed(() => store.world.devices.value.get(device.id)?.lastSeenAt ?? null).value;
  const status = useReading(device.id, "status", null)?.detail;
  const battery = status?.["battery_volts"];
  const signal = status?.["rssi_dbm"];
  const firmware = status?.["firmware"];
  return (
    <tr data-testid={`device-${device.id}`} data-state={doubt ?? "current"}>
      <th scope="row">
        {device.name[store.language.value]}
        <small class="device-id">{device.id}</small>
      </th>
      <td class={`device-state ${doubt === null ? "" : "off"}`}>
        <Mark kind={doubt === null ? "well" : doubtMark(doubt)} />
        {presence[doubt ?? "current"]}
      </td>
      <td data-label={text.lastSeen} class="ledger-time">
        {seenAt === null ? "–" : doubt === null ? ago(format.duration(now - seenAt)) : format.moment(seenAt, now)}
      </td>
      <td data-label={text.battery} class="number">
        {typeof battery === "number" ? `${format.number(battery, 2)}${nbsp}V` : "–"}
      </td>
      <td data-label={text.signal} class="number">
        {typeof signal === "number" ? `${format.number(signal)}${nbsp}dBm` : "–"}
      </td>
      <td data-label={text.firmware} class="optional">
        {typeof firmware === "string" ? firmware : "–"}
      </td>
    </tr>
  );
}
