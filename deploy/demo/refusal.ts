/** Why the demo does not start, in words for the person who started it. It is no fault of the program. */
export class Refusal extends Error {
  override readonly name = "Refusal";
}
