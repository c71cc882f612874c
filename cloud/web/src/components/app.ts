import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Actions } from "../state/actions.ts";
import type { FindingBook } from "../state/findings.ts";
import type { Store } from "../state/store.ts";

/** What every component may use: the state, what can be done, and the switches of this one screen. */
export interface App {
  readonly store: Store;
  readonly actions: Actions;
  readonly findings: FindingBook;
  readonly screen: Screen;
}

export interface Screen {
  readonly siren: Siren;
  /** Larger type for a big screen. */
  setWall(wall: boolean): void;
  isWall(): boolean;
  /** Puts a text into the clipboard; false where the browser doesn't let it. */
  copy(text: string): Promise<boolean>;
}

export interface Siren {
  /** `armed`: wanted, but the browser waits for a click or a key before it lets the page sound. */
  state(): "off" | "armed" | "on";
  toggle(): void;
}

export const AppContext = createContext<App | null>(null);

export function useApp(): App {
  const app = useContext(AppContext);
  if (app === null) throw new Error("a component of the console stands outside of AppContext");
  return app;
}
