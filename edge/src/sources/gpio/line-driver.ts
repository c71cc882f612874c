/** The level of a line: 1 high, 0 low. What it means is the configuration's business. */
export type Level = 0 | 1;

/** A line by what stays the same over kernels and restarts. */
export interface LinePlace {
  /** The chip's label. */
  readonly chip: string;
  readonly offset: number;
}

/** What the GPIO source and the outputs need of the machine. Each call rejects where the line can't be had. */
export interface LineDriver {
  /** Takes a line as an input; the listener has been told its level when this resolves. */
  openInput(place: LinePlace, listener: InputListener): Promise<InputLine>;
  /** Takes a line as an output that is at a level from its first moment on. */
  openOutput(place: LinePlace, level: Level, onLost: (error: unknown) => void): Promise<OutputLine>;
}

export interface InputListener {
  /**
   * How the line stands: once at the opening, and after each edge, or once for several that came close together.
   * `edge_ms` is when the edge came, where the driver knows it, on a monotonic clock of its own.
   */
  onLevel(level: Level, edge_ms: number | null): void;
  /** The line is gone: nothing more comes, and it is to be closed. At most once. */
  onLost(error: unknown): void;
}

export interface InputLine {
  /** Asks the hardware how the line stands, and tells the listener. Edges that come meanwhile may be missed. */
  refresh(): Promise<void>;
  /** Rejects where the line is not there any more; misses no edge, and may tell the level. */
  probe(): Promise<void>;
  /** Ends watching and gives the line back. */
  close(): Promise<void>;
}

export interface OutputLine {
  write(level: Level): Promise<void>;
  /** The last word of a process that ends at once, as far as the driver can have one. */
  writeNow(level: Level): void;
  /** Lets go of the line at the level it has; how long that lasts is up to the kernel. */
  close(): Promise<void>;
}
