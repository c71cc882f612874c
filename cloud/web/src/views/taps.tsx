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
                  {guardName(site, tap, language)}
                  <TapTag site={site} tap={tap} />
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

/** The defect that was tapped; or that nobody is known to have the card. */
function TapTag({ site, tap }: { readonly site: Site; readonly tap: Reading }) {
  const { store } = useApp();
  const language = store.language.value;
  const defect = site.defects.find(({ id }) => id === tap.detail["defect"]);
  if (defect !== undefined) return <em class="tag">{defect.name[language]}</em>;
  return guardName(site, tap, language) === null ? <em class="tag">{store.text.value.taps.unknownGuard}</em> : null;
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
