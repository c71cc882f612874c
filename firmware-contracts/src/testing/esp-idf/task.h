#ifndef TASK_STUB_H
#define TASK_STUB_H
#include <stdint.h>
void vTaskDelay(TickType_t ticks);
int xTaskCreate(void (*task)(void *), const char *name, uint32_t stack, void *arg, unsigned priority, void *handle);
#endif
