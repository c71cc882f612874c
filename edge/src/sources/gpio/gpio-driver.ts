/** What the GPIO source needs of the machine. */
export interface GpioDriver {
  /** Takes a line as an input, by the number that the kernel has for it. Throws where it can't be had. */
  open(line: number): GpioLine;
}

export interface GpioLine {
  /** The level at present: 1 high, 0 low. */
  read(): 0 | 1;
  /** Calls back after each edge, or once for several that come close together: read the level then. */
  watch(onEdge: () => void): void;
  /** Ends watching and gives the line back. */
  close(): void;
}
