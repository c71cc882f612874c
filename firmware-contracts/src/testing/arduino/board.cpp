/*
 * Runs the sketch for a minute. The first two sign-ons fail, the second reading is not acknowledged the first time, at
 * which the line is lost, and once the gateway tells of a mistake.
 */
#include <string.h>

#include "mqtt.h"
#include "wifi.h"

uint32_t now_ms = 0;
SerialStub Serial;
WiFiStub WiFi;

bool MQTTClient::connect(const char *id, const char *user, const char *password) {
  connected_ = ++attempts_ > 2;
  printf("connect %u %d %s %s %s\n", (unsigned)now_ms, connected_ ? 1 : 0, id, user, password);
  return connected_;
}

bool MQTTClient::subscribe(const char *topic, int qos) {
  printf("subscribe %d %s\n", qos, topic);
  return true;
}

bool MQTTClient::publish(const char *topic, const char *payload, bool retained, int qos) {
  const bool is_reading = strstr(topic, "/state") == nullptr;
  const bool acknowledged = !is_reading || ++readings_ != 2;
  connected_ = acknowledged;
  printf("publish %d %d %d %s %s\n", acknowledged ? 1 : 0, qos, retained ? 1 : 0, topic, payload);
  return acknowledged;
}

bool MQTTClient::loop() {
  char topic[] = "gengfu/v1/tank-fire/error", bytes[] = "{\"code\":\"not_json\",\"message\":\"\",\"path\":\"\"}";
  if (++loops_ == 50) callback_(this, topic, bytes, (int)strlen(bytes));
  return connected_;
}

void setup();
void loop();

int main() {
  setup();
  for (; now_ms < 60000; now_ms += 100) loop();
  return 0;
}
