import type { Reading, Site } from "../api/types.ts";
import { useApp } from "../components/app.ts";
import { Sheet } from "../components/sheet.tsx";
import type { Language } from "@gengfu/shared/model/text";
import { startOfDay } from "../text/zone.ts";
import { deviceName, personName } from "../text/names.ts";

const shown_max = 12;

/** Who was where today, the newest first. */
export function Taps({ site }: { readonly site: Site }) {
  const { store } = useApp();
  const { taps: text, day } = store.text.value;
  const language = store.language.value;
  const format = store.format.value;
  const dayStart = startOfDay(store.now.value, site.timeZone);
  const taps = store.world.taps.value.filter(({ at }) => at >= dayStart);
  return (
    <Sheet id="taps" title={text.title} summary={taps.length > 0 ? day.tapCount(taps.length) : undefined}>
      {taps.length === 0 ? (
        <p class="nothing">{text.none}</p>
      ) : (
        <table class="ledger">
          <thead class="visually-hidden">
            <tr>
              <th scope="col">{text.time}</th>
              <th scope="col">{text.checkpoint}</th>
              <th scope="col">{text.guard}</th>
            </tr>
          </thead>
          <tbody>
            {taps.slice(0, shown_max).map((tap) => (
              <tr key={`${tap.gateway}/${tap.seq}/${tap.at}`}>
                <td class="ledger-time">{format.time(tap.at)}</td>
                <td>{checkpointName(site, tap, language)}</td>
                <td>
                  {guardName(site, tap, language) ?? <em class="tag">{text.unknownGuard}</em>}
                  {tap.clock === "unsynchronised" && <em class="tag">{text.clockUnsure}</em>}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {taps.length > shown_max && <p class="caption">{text.more(taps.length - shown_max)}</p>}
    </Sheet>
  );
}

function checkpointName(site: Site, tap: Reading, language: Language): string {
  const id = tap.detail["checkpoint"];
  const point =
    site.checkpoints.find((one) => one.id === id) ??
    site.checkpoints.find((one) => one.tag !== null && one.tag === tap.detail["tag"]) ??
    site.checkpoints.find((one) => one.device === tap.device);
  return point?.name[language] ?? deviceName(site, tap.device, language);
}

function guardName(site: Site, { detail }: Reading, language: Language): string | null {
  const id = detail["guard"];
  const name = detail["guard_name"];
  return personName(site, typeof id === "string" ? id : null, typeof name === "string" ? name : null, language);
}
