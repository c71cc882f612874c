/* The interface of 256dpi/arduino-mqtt as the README's sketch uses it; the broker is a script of the test. */
#pragma once
#include <stddef.h>
#include "arduino-core.h"

class WiFiClient {};

class MQTTClient {
 public:
  typedef void (*Callback)(MQTTClient *client, char topic[], char bytes[], int length);
  explicit MQTTClient(int) {}
  void begin(const char *, int, WiFiClient &) {}
  void setKeepAlive(int seconds) { printf("keepalive %d\n", seconds); }
  void setWill(const char topic[], const char payload[], bool retained, int qos) {
    printf("will %d %d %s %s\n", qos, retained ? 1 : 0, topic, payload);
  }
  void onMessageAdvanced(Callback callback) { callback_ = callback; }
  bool connect(const char *id, const char *user, const char *password);
  bool connected() const { return connected_; }
  bool subscribe(const char *topic, int qos);
  bool publish(const char *topic, const char *payload, bool retained, int qos);
  bool loop();

 private:
  bool connected_ = false;
  Callback callback_ = nullptr;
  int attempts_ = 0;
  int readings_ = 0;
  int loops_ = 0;
};
