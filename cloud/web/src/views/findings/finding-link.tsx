import { useApp } from "../../components/app.ts";

/** From an alert to its entry in the ledger, or to the form that makes one; nothing for who may only look. */
export function FindingLink({ alert }: { readonly alert: string }) {
  const { store, findings } = useApp();
  const { findings: text } = store.text.value;
  const session = store.session.value;
  const known = findings.ofAlert(alert);
  if (known !== undefined) {
    return (
      <button
        type="button"
        class="button quiet"
        data-testid="alert-finding"
        onClick={() => void findings.open(known.id)}
      >
        {text.ofAlert(known.id)}
      </button>
    );
  }
  if (session.kind !== "signed_in" || !session.session.rights.includes("acknowledge")) return null;
  return (
    <button
      type="button"
      class="button quiet"
      data-testid="alert-finding"
      onClick={() => (findings.shown.value = { kind: "add", alert })}
    >
      {text.fromAlert}
    </button>
  );
}
