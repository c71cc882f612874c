import type { Language } from "@gengfu/shared/model/text";

/** What this browser remembers of the one who uses it. */
export interface Preferences {
  readonly language: Language;
  readonly sound: boolean;
  /** Under which name alerts are acknowledged. */
  readonly operator: string;
}

const key = "gengfu.console";

/** Chinese unless the browser asks for English before any Chinese. */
export function languageOf(wanted: readonly string[]): Language {
  const first = wanted.map((tag) => tag.toLowerCase()).find((tag) => tag.startsWith("zh") || tag.startsWith("en"));
  return first?.startsWith("en") === true ? "en" : "zh";
}

export function readPreferences(stored: string | null, wanted: readonly string[]): Preferences {
  const standard: Preferences = { language: languageOf(wanted), sound: false, operator: "" };
  const saved = stored === null ? null : parse(stored);
  if (saved === null) return standard;
  const { language, sound, operator } = saved;
  return {
    language: language === "zh" || language === "en" ? language : standard.language,
    sound: typeof sound === "boolean" ? sound : standard.sound,
    operator: typeof operator === "string" ? operator.slice(0, 100) : standard.operator,
  };
}

/** Where browsers forbid storage, as some do in private windows, the page works and forgets. */
export function loadPreferences(storage: () => Storage, wanted: readonly string[]): Preferences {
  return readPreferences(
    permitted(() => storage().getItem(key)),
    wanted,
  );
}

export function savePreferences(storage: () => Storage, preferences: Preferences): void {
  permitted(() => storage().setItem(key, JSON.stringify(preferences)));
}

function permitted<T>(use: () => T): T | null {
  try {
    return use();
  } catch (error) {
    if (error instanceof DOMException) return null;
    throw error;
  }
}

function parse(stored: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(stored);
    return typeof value === "object" && value !== null ? { ...value } : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
