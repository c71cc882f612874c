/**
 * Loaded into each service before its own code: when the demo that started it is gone, however it went, the channel to
 * it closes, and the service ends as if it had been asked to. So nothing of a demo outlives it and holds its ports.
 */
const patience_ms = 8_000;

process.once("disconnect", () => {
  process.kill(process.pid, "SIGTERM");
  setTimeout(() => process.kill(process.pid, "SIGKILL"), patience_ms).unref();
});
// the channel alone must not keep alive a service that has ended of itself
process.channel?.unref();
