import { useApp } from "../components/app.ts";
import { Dialog } from "../components/dialog.tsx";
import { Mark, type MarkKind } from "../components/mark.tsx";

export function Help({ onClose }: { readonly onClose: () => void }) {
  const { store } = useApp();
  const { help, marks, severity } = store.text.value;
  const keys: [string, string][] = [
    ["A", help.keys.alert],
    ["1–9", help.keys.section],
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
    </Dialog>
  );
}
