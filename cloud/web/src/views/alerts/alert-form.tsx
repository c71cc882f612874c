import { useEffect, useRef, useState } from "preact/hooks";
import type { ApiError } from "../../api/http.ts";
import type { Alert } from "../../api/types.ts";
import { useApp } from "../../components/app.ts";
import { Mark } from "../../components/mark.tsx";

interface AlertFormProps {
  readonly alert: Alert;
  readonly act: "acknowledge" | "close";
  readonly onDone: () => void;
}

type Progress =
  | { readonly kind: "asking" }
  | { readonly kind: "sending" }
  | { readonly kind: "lacking" }
  | { readonly kind: "failed"; readonly error: ApiError };

/**
 * Acknowledges or closes an alert. The name is remembered but always shown: whoever sits at this screen now must not
 * sign with the name of the shift before.
 */
export function AlertForm({ alert, act, onDone }: AlertFormProps) {
  const { store, actions } = useApp();
  const text = store.text.value;
  const [by, setBy] = useState(store.preferences.value.operator);
  const [words, setWords] = useState("");
  const [progress, setProgress] = useState<Progress>({ kind: "asking" });
  const nameField = useRef<HTMLInputElement>(null);
  const wordsField = useRef<HTMLInputElement>(null);
  const confirm = useRef<HTMLButtonElement>(null);
  const closing = act === "close";
  const language = store.language.value;
  const people = store.world.site.value?.people ?? [];
  const id = `${act}-${alert.id}`;

  useEffect(() => {
    (by === "" ? nameField : closing ? wordsField : confirm).current?.focus();
  }, []);

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (progress.kind === "sending") return;
    const [name, said] = [by.trim(), words.trim()];
    if (name === "" || (closing && said === "")) {
      setProgress({ kind: "lacking" });
      (name === "" ? nameField : wordsField).current?.focus();
      return;
    }
    setProgress({ kind: "sending" });
    const outcome = await (closing ? actions.close(alert.id, name, said) : actions.acknowledge(alert.id, name, said));
    if (outcome.ok) onDone();
    else setProgress({ kind: "failed", error: outcome.error });
  };

  const error = errorOf(progress);
  function errorOf(at: Progress): string | null {
    if (at.kind === "lacking") return by.trim() === "" ? text.alerts.byEmpty : text.alerts.causeEmpty;
    return at.kind === "failed" ? `${text.alerts.failed}${text.failures[at.error.failure]}` : null;
  }

  return (
    <form
      class="alert-form"
      aria-label={closing ? text.alerts.closeTitle : text.alerts.acknowledgeTitle}
      data-testid={`${act}-form`}
      onSubmit={(event) => void submit(event)}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        onDone();
      }}
    >
      <label class="field">
        <span>{text.alerts.byLabel}</span>
        <input
          ref={nameField}
          name="by"
          value={by}
          maxLength={100}
          autoComplete="name"
          list={`${id}-people`}
          data-testid={`${act}-by`}
          aria-describedby={`${id}-help`}
          onInput={(event) => setBy(event.currentTarget.value)}
        />
        <small id={`${id}-help`}>{text.alerts.byHelp}</small>
        <datalist id={`${id}-people`}>
          {people.map((person) => (
            <option key={person.id} value={person.name[language]} />
          ))}
        </datalist>
      </label>
      <label class="field field-wide">
        <span>{closing ? text.alerts.causeLabel : text.alerts.noteLabel}</span>
        <input
          ref={wordsField}
          name={closing ? "cause" : "note"}
          value={words}
          maxLength={1_000}
          autoComplete="off"
          list={closing ? `${id}-causes` : undefined}
          data-testid={closing ? "close-cause" : "acknowledge-note"}
          onInput={(event) => setWords(event.currentTarget.value)}
        />
        {closing && (
          <span class="suggestions">
            {text.alerts.causes.map((cause) => (
              <button key={cause} type="button" class="button small" onClick={() => setWords(cause)}>
                {cause}
              </button>
            ))}
          </span>
        )}
      </label>
      <div class="alert-form-do">
        <button
          ref={confirm}
          type="submit"
          class="button primary"
          data-testid={`${act}-confirm`}
          aria-disabled={progress.kind === "sending"}
        >
          {progress.kind === "sending"
            ? closing
              ? text.alerts.closing
              : text.alerts.acknowledging
            : closing
              ? text.alerts.closeTitle
              : text.alerts.acknowledgeTitle}
        </button>
        <button type="button" class="button quiet" onClick={onDone}>
          {text.cancel}
        </button>
      </div>
      {error !== null && (
        <p class="form-error" role="alert" data-testid={`${act}-error`}>
          <Mark kind="attention" />
          <span>
            {error}
            {progress.kind === "failed" && progress.error.detail !== null && <small>{progress.error.detail}</small>}
          </span>
        </p>
      )}
    </form>
  );
}
