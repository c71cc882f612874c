import { ManualClock } from "@gengfu/shared/time/clock";

/** A manual clock that knows how many of its timers are pending. */
export class CountingClock extends ManualClock {
  pending = 0;

  override after(delay_ms: number, callback: () => void): () => void {
    this.pending += 1;
    let isOver = false;
    const over = (): void => {
      if (!isOver) this.pending -= 1;
      isOver = true;
    };
    const cancel = super.after(delay_ms, () => {
      over();
      callback();
    });
    return () => {
      over();
      cancel();
    };
  }
}
