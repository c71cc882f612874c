/*
 * Drives the encoder for the tests: a line in, a line out.
 *   encode SIZE KIND NAME=TYPE:VALUE ...   types: r (bits of a double, hex), f (units,decimals), w (whole), b, s (bytes, hex)
 *   topic SIZE DEVICE LEAF                 the device as hex; a kind, state or error
 *   answer SIZE JSON NAME                  both as hex
 *   uid BYTES                              hex
 *   backoff FAILURES RANDOM
 *   session BOOT COUNT                     the boot and seq after so many readings
 * The answer: what was returned, then the whole buffer in hex. Buffers are as large as asked, so that the sanitizer
 * hears of every byte beyond.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "gengfu.h"

enum { line_max = 70000, strings_max = 24 };
static char *strings[strings_max];
static int strings_count;

static char *from_hex(const char *hex, size_t *length) {
  const size_t count = strlen(hex) / 2;
  char *text = malloc(count + 1);
  if (text == NULL) abort();
  for (size_t index = 0; index < count; index++) {
    unsigned byte = 0;
    if (sscanf(hex + 2 * index, "%2x", &byte) != 1) abort();
    text[index] = (char)byte;
  }
  text[count] = '\0';
  if (length != NULL) *length = count;
  if (strings_count >= strings_max) abort();
  strings[strings_count++] = text;
  return text;
}

static gengfu_number number_of(char type, const char *text) {
  if (type == 'r') {
    const uint64_t bits = strtoull(text, NULL, 16);
    double value;
    memcpy(&value, &bits, sizeof value);
    return gengfu_real(value);
  }
  if (type == 'f') {
    int64_t units = 0;
    unsigned decimals = 0;
    if (sscanf(text, "%" SCNd64 ",%u", &units, &decimals) != 2) abort();
    return gengfu_fixed(units, decimals);
  }
  if (type == 'b') return gengfu_bool(text[0] == '1');
  return gengfu_whole(strtoull(text, NULL, 10));
}

static void set_field(gengfu_reading *reading, char *argument) {
  char *equals = strchr(argument, '=');
  if (equals == NULL) abort();
  *equals = '\0';
  for (size_t index = 0; index < sizeof gengfu_fields / sizeof gengfu_fields[0]; index++) {
    const gengfu_field *field = &gengfu_fields[index];
    if (strcmp(field->name, argument) != 0) continue;
    char *target = (char *)reading + field->offset;
    if (equals[1] == 's') {
      const char *text = from_hex(equals + 3, NULL);
      memcpy(target, &text, sizeof text);
    } else {
      const gengfu_number number = number_of(equals[1], equals + 3);
      memcpy(target, &number, sizeof number);
    }
    return;
  }
  abort();
}

static gengfu_kind kind_of(const char *name) {
  int kind = 0;
  while (kind < GENGFU_KINDS && strcmp(gengfu_kind_names[kind], name) != 0) kind++;
  return (gengfu_kind)kind;
}

static void answer(int result, const char *buffer, size_t size) {
  printf("%d ", result);
  for (size_t index = 0; index < size; index++) printf("%02x", (unsigned)(unsigned char)buffer[index]);
  printf("\n");
}

static char *buffer_of(size_t size) {
  char *buffer = size == 0 ? NULL : malloc(size);
  if (buffer == NULL) {
    if (size > 0) abort();
    return NULL;
  }
  memset(buffer, 0xa5, size);
  return buffer;
}

static void run(char *line) {
  char *command = strtok(line, " \n");
  char *first = strtok(NULL, " \n");
  char *second = strtok(NULL, " \n");
  if (command == NULL || first == NULL) abort();
  if (strcmp(command, "encode") == 0) {
    const size_t size = (size_t)strtoul(first, NULL, 10);
    char *buffer = buffer_of(size);
    gengfu_reading reading = gengfu_reading_of(kind_of(second));
    for (char *next = strtok(NULL, " \n"); next != NULL; next = strtok(NULL, " \n")) set_field(&reading, next);
    answer(gengfu_encode(&reading, buffer, size), buffer, size);
    free(buffer);
  } else if (strcmp(command, "topic") == 0) {
    const size_t size = (size_t)strtoul(first, NULL, 10);
    const char *leaf = strtok(NULL, " \n");
    char *buffer = buffer_of(size);
    const char *device = from_hex(strcmp(second, "-") == 0 ? "" : second, NULL);
    int result;
    if (strcmp(leaf, "state") == 0) result = gengfu_state_topic(device, buffer, size);
    else if (strcmp(leaf, "feedback") == 0) result = gengfu_feedback_topic(device, buffer, size);
    else if (strcmp(leaf, "error") == 0) result = gengfu_error_topic(device, buffer, size);
    else result = gengfu_topic(device, kind_of(leaf), buffer, size);
    answer(result, buffer, size);
    free(buffer);
  } else if (strcmp(command, "answer") == 0) {
    const size_t size = (size_t)strtoul(first, NULL, 10);
    size_t length = 0;
    char *buffer = buffer_of(size);
    char *json = from_hex(strcmp(second, "-") == 0 ? "" : second, &length);
    const char *name = from_hex(strtok(NULL, " \n"), NULL);
    /* without the NUL, in a block of exactly its size, so that reading on is noticed */
    char *bare = length == 0 ? NULL : malloc(length);
    if (bare != NULL) memcpy(bare, json, length);
    answer(gengfu_answer(bare, length, name, buffer, size), buffer, size);
    free(bare);
    free(buffer);
  } else if (strcmp(command, "uid") == 0) {
    size_t count = 0;
    char text[GENGFU_UID_SIZE];
    const char *bytes = from_hex(first, &count);
    const char *uid = gengfu_uid((const uint8_t *)bytes, count, text);
    printf("%s\n", uid == NULL ? "-" : uid);
  } else if (strcmp(command, "backoff") == 0) {
    printf("%" PRIu32 "\n", gengfu_backoff_ms((unsigned)strtoul(first, NULL, 10), (uint32_t)strtoul(second, NULL, 10)));
  } else {
    gengfu_session session = gengfu_session_start(strtoull(first, NULL, 10));
    gengfu_reading reading = gengfu_contact(true);
    for (unsigned long left = strtoul(second, NULL, 10); left > 0; left--) gengfu_next(&session, &reading);
    printf("%" PRId64 " %" PRId64 "\n", reading.boot.units, reading.seq.units);
  }
}

int main(void) {
  static char line[line_max];
  while (fgets(line, sizeof line, stdin) != NULL) {
    run(line);
    fflush(stdout);
    while (strings_count > 0) free(strings[--strings_count]);
  }
  return 0;
}
