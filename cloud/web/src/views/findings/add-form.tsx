import { useRef, useState } from "preact/hooks";
import { grades, type Grade } from "../../api/findings.ts";
import type { Site } from "../../api/types.ts";
import { useApp } from "../../components/app.ts";
import { Choice, FormEnd, Words, type Progress } from "./form-fields.tsx";

/** Writes a problem into the ledger: by hand, or from an alert, whose place and words it takes. */
export function AddForm({ site, alert }: { readonly site: Site; readonly alert: string | null }) {
  const { store, findings } = useApp();
  const text = store.text.value;
  const language = store.language.value;
  const { form, grade: gradeNames, gradeLabel } = text.findings;
  const about = alert === null ? undefined : store.world.alerts.value.get(alert);
  const [by, setBy] = useState(store.preferences.value.operator);
  const [what, setWhat] = useState(about?.message?.[language] ?? "");
  const [place, setPlace] = useState("");
  const [grade, setGrade] = useState<Grade>(about?.severity === "critical" ? "serious" : "ordinary");
  const [responsible, setResponsible] = useState("");
  const [measure, setMeasure] = useState("");
  const [progress, setProgress] = useState<Progress>({ kind: "asking" });
  const [key] = useState(() => findings.newKey());
  const whatField = useRef<HTMLInputElement>(null);
  const byField = useRef<HTMLInputElement>(null);

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (progress.kind === "sending") return;
    if (what.trim() === "" || by.trim() === "") {
      const [field, label] = what.trim() === "" ? [whatField, form.what] : [byField, text.alerts.byLabel];
      setProgress({ kind: "wrong", words: form.lacking(label) });
      field.current?.focus();
      return;
    }
    setProgress({ kind: "sending" });
    const [kind, id] = place.split(":");
    const outcome = await findings.add({
      by: by.trim(),
      what: what.trim(),
      grade,
      key,
      ...(alert === null ? {} : { alert }),
      ...(kind === "checkpoint" && id !== undefined ? { checkpoint: id } : {}),
      ...(kind === "device" && id !== undefined ? { device: id } : {}),
      ...(responsible.trim() === "" ? {} : { responsible: responsible.trim() }),
      ...(measure.trim() === "" ? {} : { measure: measure.trim() }),
    });
    if (!outcome.ok) setProgress({ kind: "failed", error: outcome.error });
  };

  return (
    <form class="finding-form" data-testid="finding-form" onSubmit={(event) => void submit(event)}>
      <Words label={form.what} value={what} onInput={setWhat} input={whatField} testId="finding-what" isFirst />
      {alert === null && (
        <Choice label={form.place} value={place} onChange={setPlace} testId="finding-place">
          <option value="">{form.noPlace}</option>
          {site.checkpoints.map(({ id, name }) => (
            <option key={id} value={`checkpoint:${id}`}>
              {name[language]}
            </option>
          ))}
          {site.devices.map(({ id, name }) => (
            <option key={id} value={`device:${id}`}>
              {name[language]}
            </option>
          ))}
        </Choice>
      )}
      <Choice
        label={gradeLabel}
        value={grade}
        onChange={(value) => setGrade(grades.find((each) => each === value) ?? "ordinary")}
        testId="finding-grade"
      >
        {grades.map((each) => (
          <option key={each} value={each}>
            {gradeNames[each]}
          </option>
        ))}
      </Choice>
      <Words
        label={form.responsible}
        value={responsible}
        onInput={setResponsible}
        testId="finding-responsible"
        length_max={100}
        people
        isOptional
      />
      <Words label={form.measure} value={measure} onInput={setMeasure} testId="finding-measure" isOptional />
      <Words
        label={text.alerts.byLabel}
        value={by}
        onInput={setBy}
        input={byField}
        help={text.alerts.byHelp}
        testId="finding-by"
        length_max={100}
        people
      />
      <FormEnd progress={progress} submit={form.submit} onCancel={() => findings.close()} />
    </form>
  );
}
