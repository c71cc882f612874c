import { describe, expect, it } from "vitest";
import { ServiceClock } from "./service-clock.ts";

describe("the service's clock", () => {
  it("is this computer's own while the two agree to the grain of the header", () => {
    const clock = new ServiceClock(() => 100_000);
    clock.heard(99_000);
    expect(clock.now()).toBe(100_000);
  });

  it("follows the service where this computer's clock is off, and comes back when that is mended", () => {
    let local = 100_000;
    const clock = new ServiceClock(() => local);
    clock.heard(400_000);
    expect(clock.now()).toBe(400_500);
    clock.heard(401_000);
    expect(clock.now()).toBe(400_500);
    local = 402_000;
    clock.heard(402_000);
    expect(clock.now()).toBe(402_000);
  });
});
