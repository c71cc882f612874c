import type { Text } from "@gengfu/shared/model/text";

/** A screen text in both languages, Chinese first: who stands before the wall reads Chinese. */
export function both(zh: string, en: string): string {
  return zh === en ? zh : `${zh} · ${en}`;
}

export function bothOf(name: Text): string {
  return both(name.zh, name.en);
}
