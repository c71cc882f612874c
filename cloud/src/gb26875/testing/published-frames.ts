/** Frames that others published, with where. All agree on the frame, on binary times and on addresses with their low byte first. */
export interface PublishedFrame {
  readonly hex: string;
  readonly from: string;
}

/** An annotated transcription of the standard with one exchange for each kind; 88888 is the centre, 889 the device. */
const transcription = "github.com/ActorLancer/GB-T-26875.3.2011-rs, GB26875文档.md";
/** A codec in Go; its frame has also been decoded by dgiot. */
const codec = "github.com/shootingfans/codec_gb26875_3_2011, codec/reader_decoder_test.go";
/** A platform in Erlang, with frames that devices sent to it. */
const platform = "github.com/dgiot/dgiot, apps/dgiot_gb26875/src/protocol/dgiot_gb26875_decoder.erl";
/** A platform in Go, with frames of its clients' tests. */
const bluesky = "github.com/zhifeichen/bluesky-protocol, common/protocol/bluesky/common_test.go";

const common = "40 40 01 00 01 01 20 3A 09 1A 09 0C 79 03 00 00 00 00 38 5B 01 00 00 00";
const down = "40 40 01 00 01 01 20 3A 09 1A 09 0C 38 5B 01 00 00 00 79 03 00 00 00 00";

export const published = {
  /** "2 号 10 区感烟探测器火警": zone 10, number 2. Bit 0, "normal", is 0, as in most published frames. */
  smoke: {
    hex: `${common} 30 00 02 02 01 01 01 28 0A 00 02 00 02 00 ${"20 ".repeat(30)}00 02 3A 09 1A 09 0C 46 23 23`,
    from: transcription,
  },
  mainsFault: { hex: `${common} 09 00 02 15 01 08 02 3A 09 1A 09 0C 42 23 23`, from: transcription },
  postCheckAnswer: { hex: `${common} 0A 00 02 18 01 20 01 02 3A 09 1A 09 0C 5F 23 23`, from: transcription },
  unitVersion: { hex: `${common} 04 00 02 19 01 01 01 C7 23 23`, from: transcription },
  unitTime: { hex: `${common} 08 00 02 1C 01 02 3A 09 1A 09 0C 40 23 23`, from: transcription },
  acknowledgement: {
    hex: "40 40 01 00 01 01 23 3A 09 1A 09 0C 38 5B 01 00 00 00 79 03 00 00 00 00 00 00 03 AB 23 23",
    from: transcription,
  },
  denial: {
    hex: "40 40 01 00 01 01 23 3A 09 1A 09 0C 38 5B 01 00 00 00 79 03 00 00 00 00 00 00 06 AE 23 23",
    from: transcription,
  },
  readState: { hex: `${down} 03 00 04 51 01 00 FE 23 23`, from: transcription },
  readVersion: { hex: `${down} 03 00 04 55 01 00 02 23 23`, from: transcription },
  readTime: { hex: `${down} 03 00 04 58 01 00 05 23 23`, from: transcription },
  setClock: { hex: `${down} 08 00 01 5A 01 02 3A 09 1A 09 0C 7D 23 23`, from: transcription },
  /** "查岗命令 10 分钟": the last byte of the data is the minutes. */
  postCheck: { hex: `${down} 03 00 01 5B 01 0A 0F 23 23`, from: transcription },
  describedSmoke: {
    hex:
      "40 40 00 00 01 01 18 0D 11 16 0A 14 00 00 00 00 00 00 06 05 04 03 02 01 30 00 02 02 01 01 03 00 D9 00 06 00 02 " +
      "00 A3 C1 C7 F8 A3 B1 B2 E3 DF C8 B2 B8 D7 DF C0 C8 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 30 12 13 01 08 " +
      "14 68 23 23",
    from: codec,
  },
  /** Version 16.0; behind the zero of its text stands what its memory held. */
  photoelectric: {
    hex:
      "40 40 14 00 10 00 05 09 09 1B 07 15 2C 31 2C 32 00 00 78 4D 07 91 8E 23 30 00 02 02 01 01 01 2A 01 00 01 00 02 " +
      "00 31 BA C5 BD D3 BF DA B0 E5 31 BB D8 C2 B7 31 BA C5 00 BA C5 D6 F7 BB FA F8 98 CF A0 00 00 00 25 11 03 01 06 " +
      "0C 47 23 23",
    from: platform,
  },
  /** One byte of data, which is no data unit: that platform acknowledges it as a sign of life. */
  handshake: {
    hex: "40 40 F8 09 10 00 08 1E 09 03 03 16 00 00 00 00 00 00 C0 A8 01 04 6D 1D 01 00 02 16 6C 23 23",
    from: platform,
  },
  silenced: {
    hex:
      "40 40 31 13 10 00 16 0F 11 03 03 16 00 00 00 00 00 00 C0 A8 01 04 6D 1D 0A 00 02 18 01 02 00 16 0F 11 03 03 16 " +
      "16 23 23",
    from: platform,
  },
  heartbeat: {
    hex: "40 40 00 00 01 01 0C 3B 0C 1B 0C 11 67 2B 00 00 00 00 38 5B 01 00 00 00 00 00 02 B5 23 23",
    from: bluesky,
  },
  resetOperation: {
    hex:
      "40 40 03 00 01 01 10 3B 0C 1B 0C 11 67 2B 00 00 00 00 38 5B 01 00 00 00 0A 00 02 18 01 01 00 00 3B 0C 1B 0C 11 " +
      "5F 23 23",
    from: bluesky,
  },
} as const satisfies Record<string, PublishedFrame>;

export function bytesOf({ hex }: PublishedFrame): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));
}
