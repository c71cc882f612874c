import { useEffect, useRef, useState } from "preact/hooks";
import { grades, type Finding, type FindingDeed, type Grade, type NewStep } from "../../api/findings.ts";
import { useApp } from "../../components/app.ts";
import { instantOf } from "../../text/zone.ts";
import { Choice, FormEnd, Words, type Progress } from "./form-fields.tsx";

interface StepFormProps {
  readonly finding: Finding;
  readonly deed: FindingDeed;
  readonly onDone: () => void;
}

/** Says what was done about a finding. What it asks for depends on the deed. */
export function StepForm({ finding, deed, onDone }: StepFormProps) {
  const { store, findings } = useApp();
  const text = store.text.value;
  const { form, deed: deedNames, grade: gradeNames, gradeLabel } = text.findings;
  const { zone } = store.format.value;
  const plans = deed === "start" || deed === "plan";
  const finishes = deed === "finish";
  const mustSay = deed === "note" || deed === "reject" || deed === "cancel";
  const [by, setBy] = useState(store.preferences.value.operator);
  const [responsible, setResponsible] = useState(finding.responsible ?? "");
  const [measure, setMeasure] = useState(finding.measure ?? "");
  const [grade, setGrade] = useState<Grade>(finding.grade);
  const [due, setDue] = useState("");
  const [result, setResult] = useState("");
  const [note, setNote] = useState("");
  const [progress, setProgress] = useState<Progress>({ kind: "asking" });
  const [key] = useState(() => findings.newKey());
  const first = useRef<HTMLInputElement>(null);
  const noteLabel = deed === "reject" || deed === "cancel" ? form.reason : form.note;

  useEffect(() => first.current?.focus(), []);

  /** What lacks or is wrong, in words; null where it can be sent. */
  const mistake = (): string | null => {
    if (finishes && result.trim() === "") return form.lacking(form.result);
    if (mustSay && note.trim() === "") return form.lacking(noteLabel);
    if (by.trim() === "") return form.lacking(text.alerts.byLabel);
    return due !== "" && instantOf(due, zone) === null ? form.badTime : null;
  };

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (progress.kind === "sending") return;
    const words = mistake();
    if (words !== null) {
      setProgress({ kind: "wrong", words });
      first.current?.focus();
      return;
    }
    setProgress({ kind: "sending" });
    const changed = (value: string, before: string | null): boolean => value.trim() !== "" && value.trim() !== before;
    const dueAt = instantOf(due, zone);
    const step: NewStep = {
      what: deed,
      by: by.trim(),
      key,
      ...(note.trim() === "" ? {} : { note: note.trim() }),
      ...(finishes ? { result: result.trim() } : {}),
      ...(plans && changed(responsible, finding.responsible) ? { responsible: responsible.trim() } : {}),
      ...(plans && changed(measure, finding.measure) ? { measure: measure.trim() } : {}),
      ...(plans && grade !== finding.grade ? { grade } : {}),
      ...(plans && dueAt !== null ? { dueAt } : {}),
    };
    const outcome = await findings.step(finding.id, step);
    if (outcome.ok) onDone();
    else setProgress({ kind: "failed", error: outcome.error });
  };

  return (
    <form
      class="finding-form finding-step"
      aria-label={deedNames[deed]}
      data-testid={`${deed}-form`}
      onSubmit={(event) => void submit(event)}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        // only the form, not the dialog around it
        event.preventDefault();
        event.stopPropagation();
        onDone();
      }}
    >
      {finishes && (
        <Words label={form.result} value={result} onInput={setResult} input={first} testId="finding-result" />
      )}
      {plans && (
        <>
          <Words
            label={form.responsible}
            value={responsible}
            onInput={setResponsible}
            input={first}
            testId="finding-responsible"
            length_max={100}
            people
          />
          <Words label={form.measure} value={measure} onInput={setMeasure} testId="finding-measure" />
          <Choice
            label={gradeLabel}
            value={grade}
            onChange={(value) => setGrade(grades.find((each) => each === value) ?? finding.grade)}
            testId="finding-grade"
          >
            {grades.map((each) => (
              <option key={each} value={each}>
                {gradeNames[each]}
              </option>
            ))}
          </Choice>
          <Words
            label={form.due}
            value={due}
            onInput={setDue}
            type="datetime-local"
            help={form.dueHelp(store.format.value.dated(finding.dueAt))}
            testId="finding-due"
            isOptional
          />
        </>
      )}
      {!finishes && !plans && (
        <Words
          label={noteLabel}
          value={note}
          onInput={setNote}
          input={first}
          testId="finding-note"
          isOptional={!mustSay}
        />
      )}
      <Words
        label={text.alerts.byLabel}
        value={by}
        onInput={setBy}
        help={text.alerts.byHelp}
        testId="finding-by"
        length_max={100}
        people
      />
      <FormEnd progress={progress} submit={deedNames[deed]} onCancel={onDone} />
    </form>
  );
}
