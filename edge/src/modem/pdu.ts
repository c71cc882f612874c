/** Characters (UTF-16 units) of a message that goes alone, and of a part of a longer one: 140 octets, less its header. */
const alone_max = 70;
const part_max = 67;
/** More would be billed, and read by nobody at night. */
export const parts_max = 4;

export interface SubmitOptions {
  /** As the site file has it: international with `+`, otherwise as it is dialled within the country. */
  readonly number: string;
  readonly text: string;
  /** Names the parts of one message to the phone, 0 to 255. */
  readonly reference: number;
  /** How long the network keeps trying to deliver, minutes; null leaves it to the network. */
  readonly validity_minutes: number | null;
}

export interface SubmitPdu {
  /** What is sent behind the prompt, hex. */
  readonly hex: string;
  /** What `AT+CMGS=` names: octets without the number of the service centre. */
  readonly length: number;
}

/**
 * A text as SMS-SUBMIT (3GPP TS 23.040, 9.2.2.2) in UCS2, in as many parts as it takes; what is beyond `parts_max` is cut.
 * The service centre is the SIM's own.
 */
export function submitPdus({ number, text, reference, validity_minutes }: SubmitOptions): SubmitPdu[] {
  const parts = partsOf(text);
  const validity = validity_minutes === null ? "" : octet(validityPeriod(validity_minutes));
  return parts.map((part, index) => {
    const isAlone = parts.length === 1;
    // UDH of 5 octets: concatenation with a reference of 8 bits (9.2.3.24.1)
    const header = isAlone ? "" : `050003${octet(reference & 0xff)}${octet(parts.length)}${octet(index + 1)}`;
    const data = header + hexOf(part);
    const first = 0x01 | (validity === "" ? 0 : 0x10) | (isAlone ? 0 : 0x40);
    const tpdu = `${octet(first)}00${addressOf(number)}0008${validity}${octet(data.length / 2)}${data}`;
    return { hex: `00${tpdu}`, length: tpdu.length / 2 };
  });
}

/** The text cut where it has to be, never within a character of two units. */
function partsOf(text: string): string[] {
  if (text.length <= alone_max) return [text];
  const parts: string[] = [];
  for (let rest = text; rest !== "" && parts.length < parts_max;) {
    const last = rest.charCodeAt(part_max - 1);
    const isHalf = rest.length > part_max && last >= 0xd800 && last <= 0xdbff;
    const end = isHalf ? part_max - 1 : part_max;
    parts.push(rest.slice(0, end));
    rest = rest.slice(end);
  }
  return parts;
}

/** TP-DA (9.1.2.5): digits in number, type of number, the digits with the nibbles of each octet swapped. */
function addressOf(number: string): string {
  const digits = number.replace("+", "");
  const swapped = (digits.length % 2 === 0 ? digits : `${digits}F`).replaceAll(/(.)(.)/g, "$2$1");
  return `${octet(digits.length)}${number.startsWith("+") ? "91" : "81"}${swapped}`;
}

/** TP-VP, relative (9.2.3.12.1): steps of 5 minutes to 12 h, of 30 to a day, of days to 30. */
function validityPeriod(minutes: number): number {
  if (minutes <= 720) return Math.max(0, Math.ceil(minutes / 5) - 1);
  if (minutes <= 1_440) return 143 + Math.ceil((minutes - 720) / 30);
  return Math.min(196, 166 + Math.ceil(minutes / 1_440));
}

function hexOf(text: string): string {
  return Buffer.from(text, "utf16le").swap16().toString("hex").toUpperCase();
}

function octet(value: number): string {
  return value.toString(16).toUpperCase().padStart(2, "0");
}
