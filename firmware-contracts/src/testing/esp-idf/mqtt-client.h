/* The types and calls of ESP-IDF 5 that the example uses, as declarations: it is compiled, not run. */
#ifndef MQTT_CLIENT_STUB_H
#define MQTT_CLIENT_STUB_H
#include <stdbool.h>
#include <stdint.h>

typedef int esp_err_t;
typedef const char *esp_event_base_t;
typedef void (*esp_event_handler_t)(void *arg, esp_event_base_t base, int32_t id, void *data);
#define ESP_OK 0
#define ESP_EVENT_ANY_ID (-1)

typedef struct esp_mqtt_client *esp_mqtt_client_handle_t;
typedef enum { MQTT_EVENT_ANY = -1, MQTT_EVENT_CONNECTED = 1, MQTT_EVENT_PUBLISHED = 5, MQTT_EVENT_DATA = 6 } esp_mqtt_event_id_t;
typedef enum { MQTT_PROTOCOL_V_3_1_1 = 2 } esp_mqtt_protocol_ver_t;

typedef struct {
  char *data;
  int data_len;
  int msg_id;
} esp_mqtt_event_t;
typedef esp_mqtt_event_t *esp_mqtt_event_handle_t;

typedef struct {
  struct {
    struct {
      const char *uri;
    } address;
  } broker;
  struct {
    const char *username;
    const char *client_id;
    struct {
      const char *password;
    } authentication;
  } credentials;
  struct {
    struct {
      const char *topic;
      const char *msg;
      int msg_len;
      int qos;
      int retain;
    } last_will;
    int keepalive;
    esp_mqtt_protocol_ver_t protocol_ver;
  } session;
} esp_mqtt_client_config_t;

esp_mqtt_client_handle_t esp_mqtt_client_init(const esp_mqtt_client_config_t *config);
esp_err_t esp_mqtt_client_start(esp_mqtt_client_handle_t client);
esp_err_t esp_mqtt_client_register_event(esp_mqtt_client_handle_t client, esp_mqtt_event_id_t event,
                                         esp_event_handler_t handler, void *arg);
int esp_mqtt_client_subscribe(esp_mqtt_client_handle_t client, const char *topic, int qos);
int esp_mqtt_client_enqueue(esp_mqtt_client_handle_t client, const char *topic, const char *data, int len, int qos,
                            int retain, bool store);
#endif
