export interface Shortcuts {
  readonly help: () => void;
  readonly language: () => void;
  readonly sound: () => void;
  readonly wall: () => void;
}

/** The keys of the page. They rest while someone types, and leave combinations to the browser. The result ends them. */
export function startShortcuts(document: Document, shortcuts: Shortcuts): () => void {
  const pressed = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement) return;
    const { key } = event;
    if (key === "?") shortcuts.help();
    else if (document.querySelector("dialog[open]") !== null) return;
    else if (key === "l" || key === "L") shortcuts.language();
    else if (key === "s" || key === "S") shortcuts.sound();
    else if (key === "w" || key === "W") shortcuts.wall();
    else if (key === "a" || key === "A") focusAlert(document);
    else if (key === "f" || key === "F") focusTitle(document, "#findings-title");
    else if (/^[1-9]$/.test(key)) focusSection(document, Number(key) - 1);
    else return;
    event.preventDefault();
  };
  document.addEventListener("keydown", pressed);
  return () => document.removeEventListener("keydown", pressed);
}

function focusAlert(document: Document): void {
  const target = document.querySelector<HTMLElement>(
    '.alert [data-testid="acknowledge"], .alert [data-testid="close"]',
  );
  (target ?? document.querySelector<HTMLElement>("#alerts-title"))?.focus();
}

function focusSection(document: Document, index: number): void {
  const title = [...document.querySelectorAll<HTMLElement>(".sheet h2")][index];
  focusAndShow(title);
}

function focusTitle(document: Document, selector: string): void {
  focusAndShow(document.querySelector<HTMLElement>(selector));
}

function focusAndShow(title: HTMLElement | null | undefined): void {
  title?.focus();
  title?.scrollIntoView({ block: "start" });
}
