#pragma once
enum { WL_CONNECTED = 3 };

struct WiFiStub {
  void begin(const char *, const char *) {}
  int status() { return WL_CONNECTED; }
};
extern WiFiStub WiFi;
