import type { Finding } from "../../api/findings.ts";
import { findingsTable } from "../../api/findings.ts";
import type { Site } from "../../api/types.ts";
import { useApp } from "../../components/app.ts";
import { Mark, type MarkKind } from "../../components/mark.tsx";
import { Sheet } from "../../components/sheet.tsx";
import { findingFilters, findings_max } from "../../state/findings.ts";
import { placeName } from "../../text/names.ts";

/** The rectification ledger: what was found, who sees to it, until when. */
export function Findings({ site }: { readonly site: Site }) {
  const { store, findings } = useApp();
  const { findings: text } = store.text.value;
  const format = store.format.value;
  const filter = findings.filter.value;
  const listed = findings.listed.value;
  const unsettled = findings.unsettled.value;
  const session = store.session.value;
  const mayAdd = session.kind === "signed_in" && session.session.rights.includes("acknowledge");
  const none = { unsettled: text.none, overdue: text.noneOverdue, all: text.noneAtAll }[filter];
  return (
    <Sheet
      id="findings"
      title={text.title}
      summary={
        unsettled === null
          ? undefined
          : text.summary(
              format.number(unsettled.length),
              format.number(unsettled.filter(({ overdue }) => overdue !== null).length),
            )
      }
    >
      <div class="findings-tools">
        <div class="findings-filters" role="group" aria-label={text.filterLabel}>
          {findingFilters.map((each) => (
            <button
              key={each}
              type="button"
              class="button small"
              aria-pressed={filter === each}
              data-testid={`findings-${each}`}
              onClick={() => findings.choose(each)}
            >
              {text.filters[each]}
            </button>
          ))}
        </div>
        <a class="button small" href={findingsTable} download="findings.csv" data-testid="findings-table">
          {text.table}
        </a>
        {mayAdd && (
          <button
            type="button"
            class="button small primary"
            data-testid="findings-add"
            onClick={() => (findings.shown.value = { kind: "add", alert: null })}
          >
            {text.add}
          </button>
        )}
      </div>
      {listed?.length === 0 && <p class="nothing">{none}</p>}
      {listed !== null && listed.length > 0 && <Table findings={listed} site={site} />}
      {listed !== null && listed.length >= findings_max && (
        <p class="caption">{text.more(format.number(findings_max))}</p>
      )}
    </Sheet>
  );
}

function Table({ findings, site }: { readonly findings: readonly Finding[]; readonly site: Site }) {
  const { columns } = useApp().store.text.value.findings;
  return (
    <table class="ledger findings">
      <thead>
        <tr>
          <th scope="col">{columns.number}</th>
          <th scope="col">{columns.what}</th>
          <th scope="col">{columns.found}</th>
          <th scope="col">{columns.responsible}</th>
          <th scope="col">{columns.due}</th>
          <th scope="col">{columns.state}</th>
        </tr>
      </thead>
      <tbody>
        {findings.map((finding) => (
          <Row key={finding.id} finding={finding} site={site} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ finding, site }: { readonly finding: Finding; readonly site: Site }) {
  const { store, findings } = useApp();
  const { findings: text } = store.text.value;
  const format = store.format.value;
  const now = store.now.value;
  const { id, what, grade, foundAt, foundBy, responsible, dueAt } = finding;
  const place = placeName(site, finding, store.language.value);
  return (
    <tr data-testid={`finding-${id}`} data-state={finding.state} data-overdue={finding.overdue ?? undefined}>
      <td class="finding-number">{id}</td>
      <th scope="row">
        <button type="button" class="finding-open" onClick={() => void findings.open(id)}>
          {what}
        </button>
        <small>
          {place === null ? "" : `${place}${store.text.value.dot}`}
          {text.grade[grade]}
        </small>
      </th>
      <td data-label={text.columns.found}>
        {format.moment(foundAt, now)}
        <small>{foundBy ?? store.text.value.unknown}</small>
      </td>
      <td data-label={text.columns.responsible}>{responsible ?? <span class="soft">{text.nobody}</span>}</td>
      <td data-label={text.columns.due} class={finding.overdue === "result" ? "off" : ""}>
        {format.date(dueAt).slice(0, 4) === format.date(now).slice(0, 4)
          ? format.moment(dueAt, now)
          : format.dated(dueAt)}
      </td>
      <td class="finding-state">
        <FindingState finding={finding} />
      </td>
    </tr>
  );
}

const marks: Readonly<Record<Finding["state"], MarkKind>> = {
  open: "never",
  in_progress: "in_transit",
  done: "well",
  verified: "done",
  cancelled: "offline",
};

/** Where it stands, and in words and weight, not colour, what of it is late. */
export function FindingState({ finding }: { readonly finding: Finding }) {
  const { findings: text } = useApp().store.text.value;
  const { state, overdue } = finding;
  return (
    <>
      <span>
        <Mark kind={marks[state]} />
        {text.state[state]}
      </span>
      {overdue !== null && (
        <span class="off" data-testid="finding-overdue">
          <Mark kind="attention" />
          {text.overdue[overdue]}
        </span>
      )}
    </>
  );
}
