import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { useApp } from "./app.ts";

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
  readonly testId?: string;
}

/** The browser's own modal dialog: it holds the focus, ends with Escape and gives the focus back. */
export function Dialog({ title, onClose, children, testId }: DialogProps) {
  const { store } = useApp();
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    element.current?.showModal();
  }, []);
  return (
    <dialog
      ref={element}
      class="dialog"
      aria-labelledby="dialog-title"
      data-testid={testId}
      onClose={onClose}
      onClick={(event) => {
        // a click on the backdrop is a click on the dialog itself
        if (event.target === element.current) onClose();
      }}
    >
      <div class="dialog-page">
        <header>
          <h2 id="dialog-title">{title}</h2>
          <button type="button" class="button quiet" onClick={onClose}>
            {store.text.value.closeDialog}
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
