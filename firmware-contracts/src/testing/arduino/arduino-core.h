/* As much of the Arduino core as the README's sketch uses; time stands still until the test moves it. */
#ifndef ARDUINO_STUB_H
#define ARDUINO_STUB_H
#include <math.h>
#include <stdint.h>
#include <stdio.h>

extern uint32_t now_ms;
inline uint32_t millis() { return now_ms; }
inline long random(long below) { return below / 2; }

struct SerialStub {
  void begin(long) {}
  void println(const char *text) { printf("serial %s\n", text); }
};
extern SerialStub Serial;
#endif
