import { pino, type Logger, type LoggerOptions } from "pino";

export type { Logger };

/**
 * The logger of a process: JSON lines on standard output; `GENGFU_LOG_LEVEL` sets the least level. Each component logs
 * through a child with its name. Secrets never get here: components log ids, not configurations.
 */
export function createLogger(service: string, level = process.env["GENGFU_LOG_LEVEL"] ?? "info"): Logger {
  const options: LoggerOptions = {
    name: service,
    level,
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: ["password", "secret", "token", "*.password", "*.secret", "*.token"], censor: "[secret]" },
  };
  // written at once: the buffered kind has no bound, and at the exit it tries for ever where nobody reads any more
  return pino(options, pino.destination({ fd: 1, sync: true }));
}

/** A logger that says nothing, for tests. */
export const silentLogger: Logger = pino({ level: "silent" });
