/**
 * The commands that reading a card's UID takes, and what is answered, by section 7 of the PN532's user manual (NXP
 * UM0701-02). A command is its code and parameters; an answer begins with the code plus one.
 */

/** Section 7.2.10: the chip for security modules is out of it; without this, no other command does anything. */
export const samConfiguration = Uint8Array.of(0x14, 0x01);

/** Section 7.2.2. */
export const getFirmwareVersion = Uint8Array.of(0x02);

/** Section 7.3.1, item 5: looks three times for a card and then says that there is none; by default it never ends. */
export const lookThrice = Uint8Array.of(0x32, 0x05, 0xff, 0x01, 0x02);

/** Section 7.3.1, item 1: without the field a card forgets that it was read, so that it is found again. */
export const fieldOff = Uint8Array.of(0x32, 0x01, 0x00);

/** Section 7.3.5: one card of ISO 14443 type A at 106 kbit/s; it switches the field on. */
export const inListPassiveTarget = Uint8Array.of(0x4a, 0x01, 0x00);

/** Such as `PN532 1.6`; undefined where the answer is none. */
export function parseFirmwareVersion(answer: Uint8Array): string | undefined {
  const [, chip, version, revision] = answer;
  if (answer.length !== 5 || chip === undefined) return undefined;
  return `PN5${chip.toString(16)} ${version}.${revision}`;
}

/** By ISO 14443-3 the UID of a type A card has 4, 7 or 10 bytes. */
const uid_bytes: readonly number[] = [4, 7, 10];

/**
 * The UID, upper-case hex, of the card that was found; null where none is there, undefined where the answer is none.
 * Behind it may stand what a card of ISO 14443-4 said of itself.
 */
export function parseTarget(answer: Uint8Array): string | null | undefined {
  const [, targets, , , , , length] = answer;
  if (targets === 0) return null;
  if (targets !== 1 || length === undefined || !uid_bytes.includes(length)) return undefined;
  const uid = answer.subarray(7, 7 + length);
  return uid.length === length ? Buffer.from(uid).toString("hex").toUpperCase() : undefined;
}
