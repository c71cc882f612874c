/**
 * The errors that Gengfu raises on purpose. `code` is stable and listed in docs/errors.md; `retryable` says whether
 * the same call may go through later; `cause` keeps the chain. What is a bug is an assertion and not one of these.
 */
export const errorCodes = {
  config_invalid: "A configuration file breaks its schema. Mend every place that the message names, then start again.",
  data_in_use: "Another process owns the data folder or a file in it. Stop that one, or give this one another folder.",
  data_unusable:
    "A data folder can't be written, or a file in it is of a newer version. Mend the rights, upgrade, or move it away.",
  data_damaged: "A data file was damaged. It was set aside under another name and an empty one took its place.",
  log_closed: "The log was closed while a call was under way. The caller still owns what it wanted to append.",
  log_full: "The log has reached its bound and may not drop what it holds. Producers are held until there is room.",
  batch_malformed:
    "A batch on the uplink can't be decoded. It was quarantined; check that edge and cloud are of matching versions.",
  batch_unsupported_version:
    "A batch on the uplink is of a version that this cloud doesn't know. Upgrade the cloud first.",
  store_unavailable: "A store didn't answer or refused for now. It is tried again; nothing is lost meanwhile.",
  store_rejected: "A store refused a request for good. The message says what it did not like.",
  gpio_line_missing:
    "The machine has no such GPIO line. Compare chip and offset in edge.yaml with what `gpiodetect` shows.",
  output_unavailable:
    "A siren, relay or LED can't be switched at present. The gateway's troubles name why; mend its line or its driver.",
  channel_unavailable:
    "A vendor of messages could not be asked for receipts. It is asked again; the message names what it answered.",
  sms_failed:
    "A text could not be sent by the modem. The message says why; the gateway's troubles say what to do about the modem.",
  listen_failed: "An address to listen on can't be had. Choose another port or stop what holds it.",
} as const;

export type ErrorCode = keyof typeof errorCodes;

export class GengfuError extends Error {
  override readonly name = "GengfuError";
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly context: Readonly<Record<string, unknown>>;

  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; retryable?: boolean; context?: Record<string, unknown> } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.context = options.context ?? {};
  }
}

/** The message of anything thrown, for a place where only text is of use. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
