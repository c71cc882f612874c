/*
 * What a device says to Gengfu, for firmware in C99 or C++11. Made from the contract by `npm run generate`: don't change
 * it here. Apache-2.0.
 *
 * No allocation, no printf, no locale, no libm: what it needs is the stack, about 400 bytes of it.
 *
 *   gengfu_session session = gengfu_session_start(boot);           boot: counted in flash, or any number new after each
 *   gengfu_reading reading = gengfu_level(1.52);
 *   gengfu_next(&session, &reading);                               boot and seq; once for each reading, not for a repeat
 *   char topic[GENGFU_TOPIC_SIZE], payload[GENGFU_PAYLOAD_SIZE];
 *   if (gengfu_topic("tank-fire", reading.kind, topic, sizeof topic) > 0 &&
 *       gengfu_encode(&reading, payload, sizeof payload) > 0) ...  publish at QoS 1, not retained
 *
 * Strings that a reading points to must live until it is encoded. Include this where you publish; each file that
 * includes it has its own copy of what it uses.
 */
#ifndef GENGFU_H
#define GENGFU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define GENGFU_CONTRACT_VERSION 1
#define GENGFU_TOPIC_PREFIX "gengfu/v1/"
#define GENGFU_STATE_ONLINE "online"
#define GENGFU_STATE_OFFLINE "offline"

/* Room for any topic, any payload that gengfu_encode writes, and any UID as text, each with its NUL. */
#define GENGFU_TOPIC_SIZE 87
#define GENGFU_PAYLOAD_SIZE 562
#define GENGFU_UID_SIZE (2 * GENGFU_UID_BYTES_MAX + 1)

#define GENGFU_ID_CHARS_MAX 64
#define GENGFU_TEXT_CHARS_MAX 64
#define GENGFU_UID_BYTES_MIN 4
#define GENGFU_UID_BYTES_MAX 10
/* The greatest boot, seq and total: 2^53 - 1. */
#define GENGFU_COUNTER_MAX INT64_C(9007199254740991)
/* Numbers have at most this many digits behind the point. */
#define GENGFU_DECIMALS 6

typedef enum {
  GENGFU_TAP,
  GENGFU_LEVEL,
  GENGFU_TEMPERATURE,
  GENGFU_PRESSURE,
  GENGFU_CONTACT,
  GENGFU_COUNT,
  GENGFU_STATUS,
  GENGFU_KINDS
} gengfu_kind;

/* Why nothing was written; all of them below zero. */
typedef enum {
  GENGFU_E_KIND = -1,         /* no kind of the contract */
  GENGFU_E_MISSING = -2,      /* a field that the kind needs was not given */
  GENGFU_E_FOREIGN = -3,      /* a field was given that the kind doesn't have */
  GENGFU_E_NOT_A_NUMBER = -4, /* NaN: leave the reading out when a sensor fails */
  GENGFU_E_RANGE = -5,        /* out of the contract's range, or too many decimals */
  GENGFU_E_TEXT = -6,         /* not 1 to 64 characters of UTF-8 without control characters */
  GENGFU_E_UID = -7,          /* not 4 to 10 bytes in hex */
  GENGFU_E_ID = -8,           /* a device or channel: not 1 to 64 letters, digits, - or _ within */
  GENGFU_E_BOTH = -9,         /* two fields of which only one may stand there: at and age, card and tag */
  GENGFU_E_NEITHER = -10,     /* none of two fields of which one must: card or tag */
  GENGFU_E_ALONE = -11        /* a field without the one that it belongs to: guard without tag */
} gengfu_error;

/* A number as units / 10^decimals. Made by the functions below; all zero means that it is not there. */
typedef struct {
  int64_t units;
  uint8_t decimals;
  uint8_t state;
} gengfu_number;

enum { GENGFU_ABSENT = 0, GENGFU_GIVEN = 1, GENGFU_NAN = 2, GENGFU_BEYOND = 3 };

/* A reading. Start with the function named after its kind, then set what else there is to say. */
typedef struct {
  gengfu_kind kind;
  gengfu_number seq; /* Counts the device's publishes within a boot. With `boot` it makes repeats known. */
  gengfu_number boot; /* Counts the device's boots, or any number that is new after each. */
  gengfu_number at; /* When it was measured; only from a device with a trusted clock. Unit: ms since 1970-01-01 UTC. */
  gengfu_number age; /* How long ago it was measured; for a device that kept the reading back. Unit: ms. */
  const char *channel; /* Which of several of a kind, as the site file names it. */
  const char *card; /* UID of the card that was held to a fixed reader. */
  const char *tag; /* UID of the tag that a carried reader was held to. */
  const char *guard; /* Who carries the reader: the person's id in the site file. Only with `tag`. */
  gengfu_number metres; /* Height of the water over the bottom. Unit: m. */
  gengfu_number celsius; /* The temperature. Unit: degC. */
  gengfu_number kilopascals; /* Pressure over the air's (gauge). Unit: kPa. */
  gengfu_number closed; /* Whether the contact is closed. */
  gengfu_number total; /* Pulses since the device booted; it never goes down within a boot. */
  gengfu_number battery_volts; /* Voltage of the battery. Unit: V. */
  gengfu_number rssi_dbm; /* Strength of the radio signal. Unit: dBm. */
  gengfu_number uptime_seconds; /* Time since the device booted. Unit: s. */
  const char *firmware; /* Version of the firmware. */
} gengfu_reading;

static inline gengfu_number gengfu_given(int64_t units, uint8_t decimals, uint8_t state) {
  gengfu_number number;
  number.units = units;
  number.decimals = decimals;
  number.state = state;
  return number;
}

/* Exactly units / 10^decimals, such as 1523 and 3 for 1.523; for chips without floating point. Decimals: up to 6. */
static inline gengfu_number gengfu_fixed(int64_t units, unsigned decimals) {
  if (decimals > GENGFU_DECIMALS) return gengfu_given(0, 0, GENGFU_BEYOND);
  return gengfu_given(units, (uint8_t)decimals, GENGFU_GIVEN);
}

/* Rounded to six decimals, half away from zero; a value that has no more comes back as exactly the same double. */
static inline gengfu_number gengfu_real(double value) {
  /* beyond every range of the contract, and well within what the scaled integer holds */
  const double beyond = 9.0e9;
  const double magnitude = value < 0 ? -value : value;
  if (!(magnitude >= 0)) return gengfu_given(0, 0, GENGFU_NAN);
  if (magnitude > beyond) return gengfu_given(0, 0, GENGFU_BEYOND);
  /* whole and fraction apart: the product of both at once would round twice */
  const int64_t whole = (int64_t)magnitude;
  const int64_t micro = (int64_t)((magnitude - (double)whole) * 1e6 + 0.5);
  const int64_t units = whole * 1000000 + micro;
  return gengfu_given(value < 0 ? -units : units, GENGFU_DECIMALS, GENGFU_GIVEN);
}

static inline gengfu_number gengfu_whole(uint64_t value) {
  if (value > (uint64_t)GENGFU_COUNTER_MAX) return gengfu_given(0, 0, GENGFU_BEYOND);
  return gengfu_given((int64_t)value, 0, GENGFU_GIVEN);
}

static inline gengfu_number gengfu_bool(bool value) {
  return gengfu_given(value ? 1 : 0, 0, GENGFU_GIVEN);
}

static inline gengfu_reading gengfu_reading_of(gengfu_kind kind) {
  gengfu_reading reading;
  memset(&reading, 0, sizeof reading);
  reading.kind = kind;
  return reading;
}

static inline gengfu_reading gengfu_tap(void) {
  gengfu_reading reading = gengfu_reading_of(GENGFU_TAP);
  return reading;
}

static inline gengfu_reading gengfu_level(double metres) {
  gengfu_reading reading = gengfu_reading_of(GENGFU_LEVEL);
  reading.metres = gengfu_real(metres);
  return reading;
}

static inline gengfu_reading gengfu_level_fixed(int64_t units, unsigned decimals) {
  gengfu_reading reading = gengfu_reading_of(GENGFU_LEVEL);
  reading.metres = gengfu_fixed(units, decimals);
  return reading;
}

static inline gengfu_reading gengfu_temperature(double celsius) {
  gengfu_reading reading = gengfu_reading_of(GENGFU_TEMPERATURE);
  reading.celsius = gengfu_real(celsius);
  return reading;
}

static inline gengfu_reading gengfu_temperature_fixed(int64_t units, unsigned decimals) {
  gengfu_reading reading = gengfu_reading_of(GENGFU_TEMPERATURE);
  reading.celsius = gengfu_fixed(units, decimals);
  return reading;
}

static inline gengfu_reading gengfu_pressure(double kilopascals) {
  gengfu_reading reading = gengfu_reading_of(GENGFU_PRESSURE);
  reading.kilopascals = gengfu_real(kilopascals);
  return reading;
}

static inline gengfu_reading gengfu_pressure_fixed(int64_t units, unsigned decimals) {
  gengfu_reading reading = gengfu_reading_of(GENGFU_PRESSURE);
  reading.kilopascals = gengfu_fixed(units, decimals);
  return reading;
}

static inline gengfu_reading gengfu_contact(bool closed) {
  gengfu_reading reading = gengfu_reading_of(GENGFU_CONTACT);
  reading.closed = gengfu_bool(closed);
  return reading;
}

static inline gengfu_reading gengfu_count(uint64_t total) {
  gengfu_reading reading = gengfu_reading_of(GENGFU_COUNT);
  reading.total = gengfu_whole(total);
  return reading;
}

static inline gengfu_reading gengfu_status(void) {
  gengfu_reading reading = gengfu_reading_of(GENGFU_STATUS);
  return reading;
}

/* Numbers readings, so that a repeat after a lost acknowledgement is known as one. */
typedef struct {
  uint64_t boot;
  uint64_t seq;
} gengfu_session;

static inline gengfu_session gengfu_session_start(uint64_t boot) {
  gengfu_session session;
  session.boot = boot;
  session.seq = 0;
  return session;
}

/* Gives a reading its boot and the next seq. Call it once for each reading; a repeat keeps what it has. */
static inline void gengfu_next(gengfu_session *session, gengfu_reading *reading) {
  session->seq++;
  reading->boot = gengfu_whole(session->boot);
  reading->seq = gengfu_whole(session->seq);
}

/* How long to wait before the attempt after so many failed ones: 1 s, 2 s, 4 s up to a minute, a quarter more or less. */
static inline uint32_t gengfu_backoff_ms(unsigned failures, uint32_t random) {
  const uint32_t base = failures >= 6 ? 60000u : (uint32_t)1000u << failures;
  return base - base / 4 + random % (base / 2 + 1);
}

typedef enum { GENGFU_NUMBER, GENGFU_INTEGER, GENGFU_BOOL, GENGFU_ID, GENGFU_UID, GENGFU_TEXT } gengfu_type;

/* One field of the contract. Bounds are in millionths for numbers, in units for integers. */
typedef struct {
  const char *name;
  size_t offset;
  gengfu_type type;
  int64_t min;
  int64_t max;
  /* a bit for each kind */
  uint16_t kinds;
  uint16_t required;
} gengfu_field;

static const gengfu_field gengfu_fields[] = {
    {"seq", offsetof(gengfu_reading, seq), GENGFU_INTEGER, INT64_C(0), INT64_C(9007199254740991), 0xffff, 0},
    {"boot", offsetof(gengfu_reading, boot), GENGFU_INTEGER, INT64_C(0), INT64_C(9007199254740991), 0xffff, 0},
    {"at", offsetof(gengfu_reading, at), GENGFU_NUMBER, INT64_C(946684800000000000), INT64_C(4102444800000000000), 0xffff, 0},
    {"age", offsetof(gengfu_reading, age), GENGFU_NUMBER, INT64_C(0), INT64_C(31622400000000000), 0xffff, 0},
    {"channel", offsetof(gengfu_reading, channel), GENGFU_ID, INT64_C(0), INT64_C(0), 0xffff, 0},
    {"card", offsetof(gengfu_reading, card), GENGFU_UID, INT64_C(0), INT64_C(0), 1u << GENGFU_TAP, 0},
    {"tag", offsetof(gengfu_reading, tag), GENGFU_UID, INT64_C(0), INT64_C(0), 1u << GENGFU_TAP, 0},
    {"guard", offsetof(gengfu_reading, guard), GENGFU_TEXT, INT64_C(0), INT64_C(0), 1u << GENGFU_TAP, 0},
    {"metres", offsetof(gengfu_reading, metres), GENGFU_NUMBER, INT64_C(-500000), INT64_C(100000000), 1u << GENGFU_LEVEL, 1u << GENGFU_LEVEL},
    {"celsius", offsetof(gengfu_reading, celsius), GENGFU_NUMBER, INT64_C(-100000000), INT64_C(1000000000), 1u << GENGFU_TEMPERATURE, 1u << GENGFU_TEMPERATURE},
    {"kilopascals", offsetof(gengfu_reading, kilopascals), GENGFU_NUMBER, INT64_C(-102000000), INT64_C(100000000000), 1u << GENGFU_PRESSURE, 1u << GENGFU_PRESSURE},
    {"closed", offsetof(gengfu_reading, closed), GENGFU_BOOL, INT64_C(0), INT64_C(1), 1u << GENGFU_CONTACT, 1u << GENGFU_CONTACT},
    {"total", offsetof(gengfu_reading, total), GENGFU_INTEGER, INT64_C(0), INT64_C(9007199254740991), 1u << GENGFU_COUNT, 1u << GENGFU_COUNT},
    {"battery_volts", offsetof(gengfu_reading, battery_volts), GENGFU_NUMBER, INT64_C(0), INT64_C(100000000), 1u << GENGFU_STATUS, 0},
    {"rssi_dbm", offsetof(gengfu_reading, rssi_dbm), GENGFU_NUMBER, INT64_C(-200000000), INT64_C(50000000), 1u << GENGFU_STATUS, 0},
    {"uptime_seconds", offsetof(gengfu_reading, uptime_seconds), GENGFU_NUMBER, INT64_C(0), INT64_C(3155760000000000), 1u << GENGFU_STATUS, 0},
    {"firmware", offsetof(gengfu_reading, firmware), GENGFU_TEXT, INT64_C(0), INT64_C(0), 1u << GENGFU_STATUS, 0},
};

static const char *const gengfu_kind_names[] = {"tap", "level", "temperature", "pressure", "contact", "count", "status"};

/* Writes as long as there is room, and counts on beyond. */
typedef struct {
  char *text;
  size_t size;
  size_t length;
} gengfu_out;

static inline void gengfu_put(gengfu_out *out, char character) {
  if (out->length + 1 < out->size) out->text[out->length] = character;
  out->length++;
}

static inline void gengfu_put_text(gengfu_out *out, const char *text) {
  for (; *text != '\0'; text++) gengfu_put(out, *text);
}

static inline void gengfu_put_quoted(gengfu_out *out, const char *text) {
  gengfu_put(out, '"');
  for (; *text != '\0'; text++) {
    if (*text == '"' || *text == '\\') gengfu_put(out, '\\');
    gengfu_put(out, *text);
  }
  gengfu_put(out, '"');
}

static inline void gengfu_put_number(gengfu_out *out, gengfu_number number) {
  char digits[24];
  unsigned count = 0;
  unsigned decimals = number.decimals;
  uint64_t rest = number.units < 0 ? UINT64_C(0) - (uint64_t)number.units : (uint64_t)number.units;
  while (decimals > 0 && rest % 10 == 0) {
    rest /= 10;
    decimals--;
  }
  if (number.units < 0) gengfu_put(out, '-');
  while (rest > 0 || count <= decimals) {
    digits[count++] = (char)('0' + (int)(rest % 10));
    rest /= 10;
  }
  while (count > 0) {
    gengfu_put(out, digits[--count]);
    if (count > 0 && count == decimals) gengfu_put(out, '.');
  }
}

/* The length that was needed, or 0 bytes of text where there was no room. */
static inline int gengfu_finish(gengfu_out *out) {
  if (out->size > 0) out->text[out->length < out->size ? out->length : 0] = '\0';
  return (int)out->length;
}

static inline int gengfu_refuse(char *buffer, size_t size, int error) {
  if (size > 0) buffer[0] = '\0';
  return error;
}

static inline bool gengfu_is_letter_or_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* A device or a channel as the site file names it. */
static inline bool gengfu_is_id(const char *text) {
  size_t length = 0;
  if (text == NULL || !gengfu_is_letter_or_digit(text[0])) return false;
  for (; text[length] != '\0'; length++) {
    const char c = text[length];
    if (length >= GENGFU_ID_CHARS_MAX || !(gengfu_is_letter_or_digit(c) || c == '-' || c == '_')) return false;
  }
  return gengfu_is_letter_or_digit(text[length - 1]);
}

static inline bool gengfu_is_uid(const char *text) {
  size_t length = 0;
  for (; text[length] != '\0'; length++) {
    const char c = text[length];
    if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f'))) return false;
    if (length >= 2 * GENGFU_UID_BYTES_MAX) return false;
  }
  return length % 2 == 0 && length >= 2 * GENGFU_UID_BYTES_MIN;
}

/* 1 to 64 characters of well-formed UTF-8, none of them a control character. */
static inline bool gengfu_is_text(const char *text) {
  size_t characters = 0;
  const unsigned char *at = (const unsigned char *)text;
  while (*at != 0) {
    uint32_t code = *at++;
    unsigned more = 0;
    uint32_t least = 0;
    if (code >= 0xf0 && code <= 0xf4) {
      more = 3;
      least = 0x10000;
      code &= 0x07;
    } else if (code >= 0xe0 && code <= 0xef) {
      more = 2;
      least = 0x800;
      code &= 0x0f;
    } else if (code >= 0xc2 && code <= 0xdf) {
      more = 1;
      least = 0x80;
      code &= 0x1f;
    } else if (code >= 0x80) {
      return false;
    }
    for (; more > 0; more--) {
      /* a NUL is no byte that goes on, so that this never reads beyond the end */
      if ((*at & 0xc0) != 0x80) return false;
      code = (code << 6) | (uint32_t)(*at++ & 0x3f);
    }
    if (code < least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return false;
    if (code < 0x20 || (code >= 0x7f && code <= 0x9f)) return false;
    if (++characters > GENGFU_TEXT_CHARS_MAX) return false;
  }
  return characters > 0;
}

static inline int gengfu_check_number(const gengfu_field *field, gengfu_number number) {
  int64_t scale = 1;
  unsigned decimals = number.decimals;
  if (number.state == GENGFU_NAN) return GENGFU_E_NOT_A_NUMBER;
  if (number.state != GENGFU_GIVEN || decimals > GENGFU_DECIMALS) return GENGFU_E_RANGE;
  if (field->type == GENGFU_NUMBER) {
    for (; decimals < GENGFU_DECIMALS; decimals++) scale *= 10;
  } else if (decimals > 0) {
    return GENGFU_E_RANGE;
  }
  /* bounds that are divided instead of units that are multiplied might be cut: the product is known to fit */
  if (number.units > INT64_MAX / scale || number.units < -(INT64_MAX / scale)) return GENGFU_E_RANGE;
  return number.units * scale < field->min || number.units * scale > field->max ? GENGFU_E_RANGE : 0;
}

static inline int gengfu_check_text(const gengfu_field *field, const char *text) {
  if (field->type == GENGFU_ID) return gengfu_is_id(text) ? 0 : GENGFU_E_ID;
  if (field->type == GENGFU_UID) return gengfu_is_uid(text) ? 0 : GENGFU_E_UID;
  return gengfu_is_text(text) ? 0 : GENGFU_E_TEXT;
}

static inline gengfu_number gengfu_number_at(const gengfu_reading *reading, size_t offset) {
  gengfu_number number;
  memcpy(&number, (const char *)reading + offset, sizeof number);
  return number;
}

static inline const char *gengfu_text_at(const gengfu_reading *reading, size_t offset) {
  const char *text;
  memcpy(&text, (const char *)reading + offset, sizeof text);
  return text;
}

static inline bool gengfu_is_text_field(const gengfu_field *field) {
  return field->type == GENGFU_ID || field->type == GENGFU_UID || field->type == GENGFU_TEXT;
}

static inline bool gengfu_has(const gengfu_reading *reading, const gengfu_field *field) {
  if (gengfu_is_text_field(field)) return gengfu_text_at(reading, field->offset) != NULL;
  return gengfu_number_at(reading, field->offset).state != GENGFU_ABSENT;
}

/* 0 where the reading keeps the contract, else why it doesn't. */
static inline int gengfu_check(const gengfu_reading *reading) {
  const size_t count = sizeof gengfu_fields / sizeof gengfu_fields[0];
  if ((unsigned)reading->kind >= (unsigned)GENGFU_KINDS) return GENGFU_E_KIND;
  const unsigned kind = 1u << (unsigned)reading->kind;
  for (size_t index = 0; index < count; index++) {
    const gengfu_field *field = &gengfu_fields[index];
    if (!gengfu_has(reading, field)) {
      if ((field->required & kind) != 0) return GENGFU_E_MISSING;
      continue;
    }
    if ((field->kinds & kind) == 0) return GENGFU_E_FOREIGN;
    const int error = gengfu_is_text_field(field)
                          ? gengfu_check_text(field, gengfu_text_at(reading, field->offset))
                          : gengfu_check_number(field, gengfu_number_at(reading, field->offset));
    if (error != 0) return error;
  }
  if (reading->at.state != GENGFU_ABSENT && reading->age.state != GENGFU_ABSENT) return GENGFU_E_BOTH;
  if (reading->kind == GENGFU_TAP && reading->card != NULL && reading->tag != NULL) return GENGFU_E_BOTH;
  if (reading->kind == GENGFU_TAP && reading->card == NULL && reading->tag == NULL) return GENGFU_E_NEITHER;
  if (reading->kind == GENGFU_TAP && reading->guard != NULL && reading->tag == NULL) return GENGFU_E_ALONE;
  return 0;
}

/*
 * Writes the payload of a reading, with its NUL. Like snprintf it gives the length that is needed without the NUL, also
 * where the buffer is too small or none (NULL, 0); unlike snprintf it then leaves no half: the buffer holds the empty
 * text. A reading that the contract refuses gives a gengfu_error, below zero, and the empty text.
 */
static inline int gengfu_encode(const gengfu_reading *reading, char *buffer, size_t size) {
  const size_t count = sizeof gengfu_fields / sizeof gengfu_fields[0];
  const int error = gengfu_check(reading);
  gengfu_out out;
  char before = '{';
  if (error != 0) return gengfu_refuse(buffer, size, error);
  out.text = buffer;
  out.size = size;
  out.length = 0;
  for (size_t index = 0; index < count; index++) {
    const gengfu_field *field = &gengfu_fields[index];
    if (!gengfu_has(reading, field)) continue;
    gengfu_put(&out, before);
    before = ',';
    gengfu_put_quoted(&out, field->name);
    gengfu_put(&out, ':');
    if (gengfu_is_text_field(field)) {
      gengfu_put_quoted(&out, gengfu_text_at(reading, field->offset));
    } else {
      const gengfu_number number = gengfu_number_at(reading, field->offset);
      if (field->type == GENGFU_BOOL) gengfu_put_text(&out, number.units != 0 ? "true" : "false");
      else gengfu_put_number(&out, number);
    }
  }
  if (before == '{') gengfu_put(&out, '{');
  gengfu_put(&out, '}');
  return gengfu_finish(&out);
}

static inline int gengfu_topic_of(const char *device, const char *leaf, char *buffer, size_t size) {
  gengfu_out out;
  if (!gengfu_is_id(device)) return gengfu_refuse(buffer, size, GENGFU_E_ID);
  out.text = buffer;
  out.size = size;
  out.length = 0;
  gengfu_put_text(&out, GENGFU_TOPIC_PREFIX);
  gengfu_put_text(&out, device);
  gengfu_put(&out, '/');
  gengfu_put_text(&out, leaf);
  return gengfu_finish(&out);
}

/* The topic of a device's readings of a kind; length and room as with gengfu_encode. */
static inline int gengfu_topic(const char *device, gengfu_kind kind, char *buffer, size_t size) {
  if ((unsigned)kind >= (unsigned)GENGFU_KINDS) return gengfu_refuse(buffer, size, GENGFU_E_KIND);
  return gengfu_topic_of(device, gengfu_kind_names[kind], buffer, size);
}

/* Where the device says GENGFU_STATE_ONLINE after each connection and leaves GENGFU_STATE_OFFLINE as its last will. */
static inline int gengfu_state_topic(const char *device, char *buffer, size_t size) {
  return gengfu_topic_of(device, "state", buffer, size);
}

/* Where the gateway says what was wrong with a publish. */
static inline int gengfu_error_topic(const char *device, char *buffer, size_t size) {
  return gengfu_topic_of(device, "error", buffer, size);
}

/* Where the gateway says what became of a tap, for the lamp and the buzzer. */
static inline int gengfu_feedback_topic(const char *device, char *buffer, size_t size) {
  return gengfu_topic_of(device, "feedback", buffer, size);
}

/*
 * One text of the gateway's answer, which need not end with a NUL: `code` of an error, `result` of a feedback. Gives its
 * length and copies it, with a NUL; -1 and the empty text where there is none, it doesn't fit, or has escapes.
 */
static inline int gengfu_answer(const char *json, size_t length, const char *name, char *text, size_t size) {
  const size_t name_length = strlen(name);
  int depth = 0;
  bool found = false;
  if (size > 0) text[0] = '\0';
  for (size_t at = 0; at < length; at++) {
    const char c = json[at];
    if (c == '{' || c == '[') depth++;
    if (c == '}' || c == ']') depth--;
    if (c == ',') found = false;
    if (c != '"') continue;
    const size_t start = at + 1;
    bool plain = true;
    for (at = start; at < length && json[at] != '"'; at++) {
      if (json[at] != '\\') continue;
      plain = false;
      at++;
    }
    /* cut off within a text */
    if (at >= length) return -1;
    if (depth != 1 || !plain) continue;
    if (found) {
      if (at - start >= size) return -1;
      memcpy(text, json + start, at - start);
      text[at - start] = '\0';
      return (int)(at - start);
    }
    size_t next = at + 1;
    while (next < length && (json[next] == ' ' || json[next] == '\t' || json[next] == '\n' || json[next] == '\r')) next++;
    found = next < length && json[next] == ':' && at - start == name_length && memcmp(json + start, name, name_length) == 0;
  }
  return -1;
}

/* The bytes of a card's UID as the contract writes them; NULL where there are too few or too many. */
static inline const char *gengfu_uid(const uint8_t *bytes, size_t count, char text[GENGFU_UID_SIZE]) {
  static const char hex[] = "0123456789ABCDEF";
  if (count < GENGFU_UID_BYTES_MIN || count > GENGFU_UID_BYTES_MAX) return NULL;
  for (size_t index = 0; index < count; index++) {
    text[2 * index] = hex[bytes[index] >> 4];
    text[2 * index + 1] = hex[bytes[index] & 15];
  }
  text[2 * count] = '\0';
  return text;
}

/* What the encoder takes for granted; an array of negative size where it isn't so. */
typedef char gengfu_assert_bytes[(unsigned char)-1 == 255 ? 1 : -1];
typedef char gengfu_assert_kinds[(int)GENGFU_KINDS <= 16 ? 1 : -1];
typedef char gengfu_assert_names[sizeof gengfu_kind_names / sizeof gengfu_kind_names[0] == GENGFU_KINDS ? 1 : -1];
typedef char gengfu_assert_payload[GENGFU_PAYLOAD_SIZE <= 65536 && GENGFU_PAYLOAD_SIZE <= 32767 ? 1 : -1];
typedef char gengfu_assert_decimals[GENGFU_DECIMALS == 6 ? 1 : -1];

#endif
