/** A packet with its fixed header (section 2.2 of MQTT 3.1.1); `announced` lies about the length. */
export function packet(head: number, body: Buffer, announced = body.length): Buffer {
  const header = [head];
  let rest = announced;
  do {
    header.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest >>>= 7;
  } while (rest > 0);
  return Buffer.concat([Buffer.from(header), body]);
}
