/*
 * A tank on ESP-IDF 5 with its own esp-mqtt. Bring up the network first (such as example_connect of its examples), put
 * c/gengfu.h beside this file, and call tank_start.
 *
 * esp-mqtt repeats at QoS 1 what is not acknowledged, but drops it after CONFIG_MQTT_OUTBOX_EXPIRED_TIMEOUT_MS, 30 s by
 * default. So the reading is kept here until MQTT_EVENT_PUBLISHED, and published again with the same boot and seq.
 */
#include <math.h>
#include <stdio.h>

#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "gengfu.h"
#include "mqtt_client.h"
#include "nvs.h"

#define DEVICE "tank-fire"
#define SAMPLE_MS 10000
#define REPEAT_MS 40000

static char state_topic[GENGFU_TOPIC_SIZE], error_topic[GENGFU_TOPIC_SIZE], level_topic[GENGFU_TOPIC_SIZE];
static esp_mqtt_client_handle_t client;
/* The last publish that was acknowledged; it may be known before the call that published it has returned. */
static volatile int acknowledged_id = -1;

/* The sensor: metres of water, NAN when it fails. */
extern double read_metres(void);

static void on_event(void *arg, esp_event_base_t base, int32_t id, void *data) {
  esp_mqtt_event_handle_t event = (esp_mqtt_event_handle_t)data;
  (void)arg;
  (void)base;
  if (id == MQTT_EVENT_CONNECTED) {
    esp_mqtt_client_enqueue(client, state_topic, GENGFU_STATE_ONLINE, 0, 1, 1, true);
    esp_mqtt_client_subscribe(client, error_topic, 1);
  } else if (id == MQTT_EVENT_PUBLISHED) {
    acknowledged_id = event->msg_id;
  } else if (id == MQTT_EVENT_DATA) {
    char code[32];
    if (gengfu_answer(event->data, (size_t)event->data_len, "code", code, sizeof code) > 0) {
      printf("the gateway refused a reading: %s\n", code);
    }
  }
}

/* A number that is new after each boot. */
static uint64_t count_boot(void) {
  nvs_handle_t flash;
  uint32_t boot = 0;
  if (nvs_open("gengfu", NVS_READWRITE, &flash) == ESP_OK) {
    nvs_get_u32(flash, "boot", &boot);
    boot++;
    nvs_set_u32(flash, "boot", boot);
    nvs_commit(flash);
    nvs_close(flash);
  }
  return boot;
}

static void tank_task(void *arg) {
  gengfu_session session = gengfu_session_start(count_boot());
  gengfu_reading reading = gengfu_level(0);
  int64_t measured_us = 0, sent_us = 0;
  int sent_id = -1;
  bool has_reading = false;
  (void)arg;
  for (;;) {
    const int64_t now_us = esp_timer_get_time();
    char payload[GENGFU_PAYLOAD_SIZE];
    if (has_reading && sent_id >= 0 && sent_id == acknowledged_id) has_reading = false;
    if (!has_reading && now_us - measured_us >= (int64_t)SAMPLE_MS * 1000) {
      const double metres = read_metres();
      measured_us = now_us;
      if (!isnan(metres)) {
        reading = gengfu_level(metres);
        gengfu_next(&session, &reading);
        has_reading = true;
        sent_us = 0;
        sent_id = -1;
      }
    }
    if (has_reading && (sent_us == 0 || now_us - sent_us >= (int64_t)REPEAT_MS * 1000)) {
      if (now_us - measured_us >= 1000000) reading.age = gengfu_whole((uint64_t)((now_us - measured_us) / 1000));
      if (gengfu_encode(&reading, payload, sizeof payload) > 0) {
        acknowledged_id = -1;
        sent_id = esp_mqtt_client_enqueue(client, level_topic, payload, 0, 1, 0, true);
        sent_us = now_us;
      } else {
        /* out of the contract's range: a fault of the sensor, which sending won't mend */
        has_reading = false;
      }
    }
    vTaskDelay(pdMS_TO_TICKS(100));
  }
}

void tank_start(void) {
  gengfu_state_topic(DEVICE, state_topic, sizeof state_topic);
  gengfu_error_topic(DEVICE, error_topic, sizeof error_topic);
  gengfu_topic(DEVICE, GENGFU_LEVEL, level_topic, sizeof level_topic);
  const esp_mqtt_client_config_t config = {
      .broker.address.uri = "mqtt://192.168.1.10:1883",
      .credentials = {.username = DEVICE, .client_id = DEVICE, .authentication.password = "demo"},
      .session = {.keepalive = 30,
                  .protocol_ver = MQTT_PROTOCOL_V_3_1_1,
                  .last_will = {.topic = state_topic, .msg = GENGFU_STATE_OFFLINE, .qos = 1, .retain = 1}},
  };
  client = esp_mqtt_client_init(&config);
  esp_mqtt_client_register_event(client, ESP_EVENT_ANY_ID, on_event, NULL);
  esp_mqtt_client_start(client);
  xTaskCreate(tank_task, "tank", 4096, NULL, 5, NULL);
}
