import type { Language } from "@gengfu/shared/model/text";
import { en } from "./en.ts";
import type { Shape } from "./shape.ts";
import { zh } from "./zh.ts";

export type Dictionary = Shape<typeof zh>;

export const dictionaries: Readonly<Record<Language, Dictionary>> = { zh, en };
