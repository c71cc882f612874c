import type { ComponentChildren } from "preact";

interface SheetProps {
  /** Also its address on the page, and what tests find it by. */
  readonly id: string;
  readonly title: string;
  /** What it comes to, beside the title. */
  readonly summary?: ComponentChildren;
  readonly children: ComponentChildren;
}

/** One section of the ledger. Its title takes the focus when someone jumps to it. */
export function Sheet({ id, title, summary, children }: SheetProps) {
  return (
    <section class={`sheet sheet-${id}`} id={id} data-testid={id} aria-labelledby={`${id}-title`}>
      <header class="sheet-head">
        <h2 id={`${id}-title`} tabIndex={-1}>
          {title}
        </h2>
        {summary !== undefined && <p class="sheet-summary">{summary}</p>}
      </header>
      {children}
    </section>
  );
}
