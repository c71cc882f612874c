import { useEffect, useRef, useState } from "preact/hooks";
import type { Finding, FindingDeed, FindingStep } from "../../api/findings.ts";
import type { Site } from "../../api/types.ts";
import { useApp } from "../../components/app.ts";
import { Dialog } from "../../components/dialog.tsx";
import { deedsOf } from "../../state/findings.ts";
import { placeName } from "../../text/names.ts";
import { AddForm } from "./add-form.tsx";
import { FindingState } from "./findings.tsx";
import { StepForm } from "./step-form.tsx";

/** One finding with all that happened to it, or the form for a new one. */
export function FindingDialog({ site }: { readonly site: Site }) {
  const { store, findings } = useApp();
  const { findings: text, loading } = store.text.value;
  const shown = findings.shown.value;
  const detail = findings.detail.value;
  if (shown === null) return null;
  const title = shown.kind === "add" ? text.form.title : `${text.title} ${text.number(shown.id)}`;
  return (
    <Dialog key={shown.kind} title={title} onClose={() => findings.close()} testId="finding-dialog">
      {shown.kind === "add" ? (
        <AddForm site={site} alert={shown.alert} />
      ) : detail === null ? (
        <p>{loading}</p>
      ) : (
        <Detail key={detail.id} finding={detail} site={site} />
      )}
    </Dialog>
  );
}

function Detail({ finding, site }: { readonly finding: Finding; readonly site: Site }) {
  const { store } = useApp();
  const { findings: text, unknown } = store.text.value;
  const format = store.format.value;
  const session = store.session.value;
  const mayWrite = session.kind === "signed_in" && session.session.rights.includes("acknowledge");
  const [deed, setDeed] = useState<FindingDeed | null>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const { facts } = text;
  const done = (): void => {
    setDeed(null);
    // the form that had the focus goes
    heading.current?.focus();
  };
  // where the dialog was open before this was known
  useEffect(() => heading.current?.focus(), []);
  const rows: [string, string | null][] = [
    [text.gradeLabel, text.grade[finding.grade]],
    [facts.place, placeName(site, finding, store.language.value)],
    [facts.found, text.by(finding.foundBy ?? unknown, format.dated(finding.foundAt))],
    [facts.source, text.source[finding.source ?? ""] ?? finding.source],
    [facts.responsible, finding.responsible ?? text.nobody],
    [facts.measure, finding.measure],
    [facts.due, format.dated(finding.dueAt)],
    [facts.result, finding.result],
    [facts.verified, finding.verifiedBy],
  ];
  return (
    <div class="finding" data-testid="finding-detail" data-state={finding.state}>
      <h3 ref={heading} tabIndex={-1} autofocus class="finding-what">
        {finding.what}
      </h3>
      <p class="finding-state">
        <FindingState finding={finding} />
      </p>
      <dl class="pairs">
        {rows.map(([name, value]) =>
          value === null ? null : [<dt key={`${name}-name`}>{name}</dt>, <dd key={name}>{value}</dd>],
        )}
      </dl>
      {mayWrite && (
        <div class="finding-deeds">
          {deedsOf[finding.state].map((each, index) => (
            <button
              key={each}
              type="button"
              class={`button ${index === 0 ? "primary" : ""}`}
              aria-expanded={deed === each}
              data-testid={`deed-${each}`}
              onClick={() => setDeed(deed === each ? null : each)}
            >
              {text.deed[each]}
            </button>
          ))}
        </div>
      )}
      {deed !== null && deedsOf[finding.state].includes(deed) && (
        <StepForm key={deed} finding={finding} deed={deed} onDone={done} />
      )}
      <h3>{text.stepsTitle}</h3>
      <ol class="finding-steps">
        {finding.steps.map((step) => (
          <Step key={step.id} step={step} />
        ))}
      </ol>
    </div>
  );
}

/** Who, when, what, and what it set. */
function Step({ step }: { readonly step: FindingStep }) {
  const { store } = useApp();
  const { findings: text, dot, colon } = store.text.value;
  const format = store.format.value;
  const { facts } = text;
  const { changes } = step;
  const dueAt = changes.number("dueAt");
  const isFirst = step.what === "found";
  const set: [string, string | null][] = [
    [facts.responsible, changes.text("responsible")],
    [facts.measure, changes.text("measure")],
    [facts.due, dueAt === null || isFirst ? null : format.dated(dueAt)],
    [facts.result, changes.text("result")],
  ];
  const words = set.flatMap(([name, value]) => (value === null ? [] : [`${name}${colon}${value}`]));
  return (
    <li data-testid={`step-${step.what}`}>
      <p>
        <b>{text.step[step.what] ?? step.what}</b>
        <span class="soft">
          {step.who === "gengfu" ? text.itself : step.who}
          {dot}
          {format.dated(step.at)}
        </span>
      </p>
      {step.note !== null && <p>{step.note}</p>}
      {words.length > 0 && <p class="soft">{words.join(dot)}</p>}
    </li>
  );
}
