import type { ComponentChildren, RefObject } from "preact";
import type { ApiError } from "../../api/http.ts";
import { useApp } from "../../components/app.ts";
import { Mark } from "../../components/mark.tsx";

export type Progress =
  | { readonly kind: "asking" }
  | { readonly kind: "sending" }
  | { readonly kind: "wrong"; readonly words: string }
  | { readonly kind: "failed"; readonly error: ApiError };

interface WordsProps {
  readonly label: string;
  readonly value: string;
  readonly onInput: (value: string) => void;
  readonly testId: string;
  readonly input?: RefObject<HTMLInputElement | null>;
  readonly help?: string;
  /** Proposes the site's people. */
  readonly people?: boolean;
  readonly isOptional?: boolean;
  /** Has the focus when the dialog opens. */
  readonly isFirst?: boolean;
  readonly type?: "text" | "datetime-local";
  readonly length_max?: number;
}

export function Words(props: WordsProps) {
  const { store } = useApp();
  const text = store.text.value;
  const { label, value, onInput, testId, input, help, people = false, isOptional = false } = props;
  const list = `${testId}-people`;
  return (
    <label class="field">
      <span>
        {label}
        {isOptional && <small>{text.findings.form.optional}</small>}
      </span>
      <input
        ref={input ?? null}
        type={props.type ?? "text"}
        value={value}
        autofocus={props.isFirst ?? false}
        maxLength={props.length_max ?? 1_000}
        autoComplete="off"
        list={people ? list : undefined}
        data-testid={testId}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
      {help !== undefined && <small>{help}</small>}
      {people && (
        <datalist id={list}>
          {(store.world.site.value?.people ?? []).map((person) => (
            <option key={person.id} value={person.name[store.language.value]} />
          ))}
        </datalist>
      )}
    </label>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly testId: string;
  readonly children: ComponentChildren;
}

export function Choice({ label, value, onChange, testId, children }: ChoiceProps) {
  return (
    <label class="field">
      <span>{label}</span>
      <select value={value} data-testid={testId} onChange={(event) => onChange(event.currentTarget.value)}>
        {children}
      </select>
    </label>
  );
}

/** Sends or not, and why it did not go. */
export function FormEnd({
  progress,
  submit,
  onCancel,
}: {
  readonly progress: Progress;
  readonly submit: string;
  readonly onCancel: () => void;
}) {
  const text = useApp().store.text.value;
  return (
    <>
      {(progress.kind === "wrong" || progress.kind === "failed") && (
        <p class="form-error" role="alert" data-testid="finding-error">
          <Mark kind="attention" />
          <span>
            {progress.kind === "wrong"
              ? progress.words
              : `${text.alerts.failed}${text.failures[progress.error.failure]}`}
            {progress.kind === "failed" && progress.error.detail !== null && <small>{progress.error.detail}</small>}
          </span>
        </p>
      )}
      <div class="finding-deeds">
        <button
          type="submit"
          class="button primary"
          data-testid="finding-submit"
          aria-disabled={progress.kind === "sending"}
        >
          {progress.kind === "sending" ? text.findings.form.sending : submit}
        </button>
        <button type="button" class="button quiet" onClick={onCancel}>
          {text.cancel}
        </button>
      </div>
    </>
  );
}
