import type { Leaf } from "../../model/condition.ts";
import { judge, type ValueCondition } from "../condition.ts";
import { lookAtChange } from "./change.ts";
import { lookAtRecent } from "./recent.ts";
import type { Look, Memory, Seen } from "./signal.ts";

const lookAtValue = (condition: ValueCondition, _memory: Memory | null, value: number): Seen => ({
  verdict: judge(condition, value),
  memory: null,
  until: null,
});

/** Total: every kind of condition on a series has its way of looking. */
const looks: { readonly [Type in Leaf["type"]]: Look<Type> } = {
  contact: lookAtValue,
  above: lookAtValue,
  below: lookAtValue,
  range: lookAtValue,
  falls: lookAtChange,
  rises: lookAtChange,
  count: lookAtRecent,
  chatter: lookAtRecent,
};

/** What a reading shows to a condition, which remembers what it saw before. */
export function look(condition: Leaf, memory: Memory | null, value: number, at: number): Seen {
  return (looks[condition.type] as Look<Leaf["type"]>)(condition as never, memory, value, at);
}
