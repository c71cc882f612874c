#ifndef FREERTOS_STUB_H
#define FREERTOS_STUB_H
#include <stdint.h>
typedef uint32_t TickType_t;
#define pdMS_TO_TICKS(ms) ((TickType_t)((ms) / 10))
#endif
