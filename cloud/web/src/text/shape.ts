/** What another language must have: the same keys, the same parameters, and a text at each end. */
export type Shape<Texts> = {
  readonly [Key in keyof Texts]: Texts[Key] extends string
    ? string
    : Texts[Key] extends (...parameters: infer Parameters) => string
      ? (...parameters: Parameters) => string
      : Shape<Texts[Key]>;
};
