import type { Api } from "../api/endpoints.ts";
import { ApiError } from "../api/http.ts";
import type { Alert, LiveEvent } from "../api/types.ts";
import type { Preferences } from "./preferences.ts";
import type { Store } from "./store.ts";

/** What the one at the screen can do. A refusal is an answer, for the form that asked to show. */
export type Outcome = { readonly ok: true } | { readonly ok: false; readonly error: ApiError };

export interface Actions {
  signIn(token: string): Promise<Outcome>;
  signOut(): Promise<Outcome>;
  acknowledge(alert: string, by: string, note: string): Promise<Outcome>;
  close(alert: string, by: string, cause: string): Promise<Outcome>;
  prefer(change: Partial<Preferences>): void;
}

export interface ActionsOptions {
  readonly api: Api;
  readonly store: Store;
  readonly take: (event: LiveEvent) => void;
  readonly save: (preferences: Preferences) => void;
}

export function createActions({ api, store, take, save }: ActionsOptions): Actions {
  const prefer = (change: Partial<Preferences>): void => {
    store.preferences.value = { ...store.preferences.peek(), ...change };
    save(store.preferences.peek());
  };
  const attempt = async (act: () => Promise<void>): Promise<Outcome> => {
    try {
      await act();
      return { ok: true };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return { ok: false, error };
    }
  };
  const onAlert = async (by: string, act: () => Promise<Alert>): Promise<Outcome> => {
    const outcome = await attempt(async () => {
      const alert = await act();
      prefer({ operator: by });
      take({ type: "alert", alert });
    });
    if (!outcome.ok && outcome.error.failure === "unauthorised") {
      store.session.value = { kind: "anonymous", ended: true };
    }
    return outcome;
  };
  return {
    signIn: (token) =>
      attempt(async () => {
        store.session.value = { kind: "signed_in", session: await api.signIn(token) };
      }),
    signOut: () =>
      attempt(async () => {
        await api.signOut();
        store.session.value = { kind: "anonymous", ended: false };
      }),
    acknowledge: (alert, by, note) => onAlert(by, () => api.acknowledge(alert, by, note)),
    close: (alert, by, cause) => onAlert(by, () => api.close(alert, by, cause)),
    prefer,
  };
}
