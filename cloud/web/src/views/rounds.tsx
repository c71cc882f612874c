import { useComputed } from "@preact/signals";
import type { Round, RoundState, Site } from "../api/types.ts";
import { useApp } from "../components/app.ts";
import { Mark, type MarkKind } from "../components/mark.tsx";
import { Sheet } from "../components/sheet.tsx";
import { personName } from "../text/names.ts";

const marks: Record<RoundState, MarkKind> = {
  upcoming: "never",
  open: "in_transit",
  complete: "well",
  incomplete: "attention",
  missed: "attention",
};

/** So many of the latest complete rounds, and of the next upcoming ones, are shown; of the others only their number. */
const shown_max = 2;

/** Today's rounds by their windows: how far each has come, what lacks, what comes next. */
export function Rounds({ site }: { readonly site: Site }) {
  const { store } = useApp();
  const text = store.text.value.rounds;
  const rounds = useComputed(() =>
    [...store.world.rounds.value.values()].sort((a, b) => a.window.from - b.window.from),
  ).value;
  const complete = rounds.filter(({ state }) => state === "complete");
  const older = complete.slice(0, -shown_max);
  const later = rounds.filter(({ state }) => state === "upcoming").slice(shown_max);
  const folded = new Set([...older, ...later]);
  const entry = (round: Round) => <RoundEntry key={round.id} round={round} site={site} />;
  return (
    <Sheet
      id="rounds"
      title={text.title}
      summary={rounds.length > 0 ? text.complete(complete.length, rounds.length) : undefined}
    >
      {rounds.length === 0 && <p class="nothing">{text.none}</p>}
      {older.length > 0 && (
        <details class="rounds-older">
          <summary>{text.older(older.length)}</summary>
          <ul>{older.map(entry)}</ul>
        </details>
      )}
      <ul>{rounds.filter((round) => !folded.has(round)).map(entry)}</ul>
      {later.length > 0 && <p class="rounds-later">{text.later(later.length)}</p>}
    </Sheet>
  );
}

function RoundEntry({ round, site }: { readonly round: Round; readonly site: Site }) {
  const { store } = useApp();
  const { rounds: text, listSeparator } = store.text.value;
  const language = store.language.value;
  const format = store.format.value;
  const { window, state, provisional, checkpoints, reasons } = round;
  const done = checkpoints.filter(({ tapAt }) => tapAt !== null).length;
  const lacking = checkpoints.filter(({ tapAt }) => tapAt === null);
  const guards = checkpoints.map(({ guard, guardName }) => personName(site, guard, guardName, language));
  const judged = state === "incomplete" || state === "missed";
  return (
    <li class="round" data-testid={`round-${round.id}`} data-state={state} data-provisional={provisional}>
      <p class="round-head">
        <span class="round-window">
          {format.minute(window.from)}–{format.minute(window.to)}
        </span>
        <span class="round-name">{round.name[language]}</span>
        <span class="round-state">
          <Mark kind={marks[state]} />
          {text.state[state]}
        </span>
        <span class="round-progress">
          <span class="visually-hidden">{text.progressLong(done, checkpoints.length)}</span>
          <span aria-hidden="true">{text.progress(done, checkpoints.length)}</span>
        </span>
      </p>
      {state === "complete" && (
        <p class="round-brief">
          {checkpoints.map(({ id, name, tapAt }, index) => (
            <span key={`${id}${index}`}>
              {name[language]} {tapAt === null ? "–" : format.minute(tapAt)}
            </span>
          ))}
          <span>{[...new Set(guards.filter((guard) => guard !== null))].join(listSeparator)}</span>
        </p>
      )}
      {(state === "open" || state === "incomplete") && (
        <ol class="beads">
          {checkpoints.map(({ id, name, tapAt }, index) => (
            <li key={`${id}${index}`} class="bead" data-done={tapAt !== null}>
              <span class="bead-name">{name[language]}</span>
              <span class="bead-time">{tapAt === null ? "–" : format.minute(tapAt)}</span>
              {guards[index] != null && <span class="bead-guard">{guards[index]}</span>}
            </li>
          ))}
        </ol>
      )}
      {judged && (provisional || state === "incomplete") && (
        <p class="round-missing">
          {provisional && <em class="tag">{text.provisional}</em>}
          {lacking.length > 0 && text.missing(lacking.map(({ name }) => name[language]).join(listSeparator))}
        </p>
      )}
      {provisional && reasons.length > 0 && (
        <ul class="round-reasons">
          {reasons.map((reason) => (
            <li key={reason.en}>{reason[language]}</li>
          ))}
        </ul>
      )}
    </li>
  );
}
