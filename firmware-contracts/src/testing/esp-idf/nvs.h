#ifndef NVS_STUB_H
#define NVS_STUB_H
#include <stdint.h>
typedef uint32_t nvs_handle_t;
typedef enum { NVS_READONLY, NVS_READWRITE } nvs_open_mode_t;
int nvs_open(const char *name, nvs_open_mode_t mode, nvs_handle_t *handle);
int nvs_get_u32(nvs_handle_t handle, const char *key, uint32_t *value);
int nvs_set_u32(nvs_handle_t handle, const char *key, uint32_t value);
int nvs_commit(nvs_handle_t handle);
void nvs_close(nvs_handle_t handle);
#endif
