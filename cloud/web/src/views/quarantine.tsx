import { quarantineCodes, type QuarantineCode } from "@gengfu/firmware-contracts/contract/codes";
import type { Language } from "@gengfu/shared/model/text";
import type { Site } from "../api/types.ts";
import { useApp } from "../components/app.ts";
import { Sheet } from "../components/sheet.tsx";
import { bounds } from "../state/world.ts";
import { startOfDay } from "../text/zone.ts";
import { deviceName } from "../text/names.ts";

const shown_max = 5;

/** Payloads that broke the contract: how many today, and the last of them with their reasons. */
export function Quarantine({ site }: { readonly site: Site }) {
  const { store } = useApp();
  const { quarantine: text } = store.text.value;
  const format = store.format.value;
  const now = store.now.value;
  const all = store.world.quarantine.value;
  const dayStart = startOfDay(now, site.timeZone);
  const today = all.filter(({ at }) => at >= dayStart).length;
  const count = `${format.number(today)}${today >= bounds.quarantine ? "+" : ""}`;
  return (
    <Sheet id="quarantine" title={text.title} summary={all.length > 0 ? text.today(count) : undefined}>
      {all.length === 0 && <p class="nothing">{text.none}</p>}
      <ul class="quarantine">
        {all.slice(0, shown_max).map(({ at, device, topic, code, message, path, payload }, index) => (
          <li key={`${at}/${index}`}>
            <p>
              <span class="ledger-time">{format.moment(at, now)}</span>
              <span>
                {device === null || device === "" ? (topic ?? "") : deviceName(site, device, store.language.value)}
              </span>
              {code !== null && <code>{code}</code>}
            </p>
            {sentenceOf(code, store.language.value) !== null && <p>{sentenceOf(code, store.language.value)}</p>}
            <p class="soft">
              {path !== null && path !== "" && <code>{path}</code>} {message}
            </p>
            {payload !== null && payload !== "" && (
              <details>
                <summary>{text.payload}</summary>
                <pre>
                  {topic}
                  {"\n"}
                  {payload}
                </pre>
              </details>
            )}
          </li>
        ))}
      </ul>
    </Sheet>
  );
}

/** What is wrong and what to do, in the reader's language; the message beside it names the values. */
function sentenceOf(code: string | null, language: Language): string | null {
  return code !== null && Object.hasOwn(quarantineCodes, code)
    ? quarantineCodes[code as QuarantineCode][language]
    : null;
}
