/** So often the page is drawn anew at most: values that change faster can't be read. */
const drawn_ms_min = 100;

/**
 * Calls back with an animation frame, some ten times a second at most. Hidden pages get no frames and their timers are
 * slowed to one a minute, so there it calls back at once: the title must tell of an alert all the same.
 */
export function frameScheduler(window: Window): (callback: () => void) => void {
  let drawnAt = -Infinity;
  return (callback) => {
    if (window.document.hidden) {
      queueMicrotask(callback);
      return;
    }
    let done = false;
    const once = (): void => {
      if (done) return;
      done = true;
      window.document.removeEventListener("visibilitychange", once);
      drawnAt = performance.now();
      callback();
    };
    // a page that is hidden before its frame comes would otherwise wait for it until it is shown again
    window.document.addEventListener("visibilitychange", once);
    const wait_ms = drawnAt + drawn_ms_min - performance.now();
    if (wait_ms <= 0) window.requestAnimationFrame(once);
    else window.setTimeout(() => window.requestAnimationFrame(once), wait_ms);
  };
}
