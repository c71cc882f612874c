import { expect, it } from "vitest";
import { signTc3 } from "./tc3.ts";

// the example of the vendor's document: https://cloud.tencent.com/document/api/213/30654
it("the vendor's example has the vendor's signature", () => {
  const body = String.raw`{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}`;
  const request = { host: "cvm.tencentcloudapi.com", service: "cvm", body, timestamp: 1_551_113_065 };
  const [id, key] = ["AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE", "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE"];
  expect(signTc3(request, { id, key })).toBe(
    `TC3-HMAC-SHA256 Credential=${id}/2019-02-25/cvm/tc3_request, SignedHeaders=content-type;host, ` +
      "Signature=72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168",
  );
});
