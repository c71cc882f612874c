import { useState } from "preact/hooks";
import { useApp } from "../components/app.ts";
import { Dialog } from "../components/dialog.tsx";
import { Mark, type MarkKind } from "../components/mark.tsx";

export function Help({ onClose }: { readonly onClose: () => void }) {
  const { store, actions } = useApp();
  const session = store.session.value;
  const { help, marks, severity, session: words, failures } = store.text.value;
  const [failed, setFailed] = useState<string | null>(null);
  const signOut = async (): Promise<void> => {
    const outcome = await actions.signOut();
    if (outcome.ok) onClose();
    else setFailed(failures[outcome.error.failure]);
  };
  const keys: [string, string][] = [
    ["A", help.keys.alert],
    ["1–9", help.keys.section],
    ["F", help.keys.findings],
    ["L", help.keys.language],
    ["S", help.keys.sound],
    ["W", help.keys.wall],
    ["?", help.keys.help],
    ["Esc", help.keys.escape],
  ];
  const legend: [MarkKind, string][] = [
    ["critical", severity.critical],
    ["warning", severity.warning],
    ["info", severity.info],
    ["well", marks.well],
    ["silent", marks.silent],
    ["offline", marks.offline],
    ["in_transit", marks.in_transit],
    ["unknown", marks.unknown],
  ];
  return (
    <Dialog title={help.title} onClose={onClose} testId="help-dialog">
      <dl class="keys">
        {keys.map(([key, does]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <h3>{help.legend}</h3>
      <ul class="legend">
        {legend.map(([kind, words]) => (
          <li key={kind}>
            <Mark kind={kind} />
            {words}
          </li>
        ))}
      </ul>
      {session.kind === "signed_in" && (
        <p class="signed-in">
          {words.signedIn(session.session.name)}
          <button type="button" class="button" data-testid="sign-out" onClick={() => void signOut()}>
            {words.signOut}
          </button>
        </p>
      )}
      {failed !== null && (
        <p class="form-error" role="alert">
          {failed}
        </p>
      )}
    </Dialog>
  );
}
