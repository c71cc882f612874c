import { secret } from "@gengfu/shared/config/secret";
import { z } from "zod";
import { smsFields } from "../aliyun-sms/variables.ts";
import { baseAddress } from "../address.ts";

export const tencentSmsSettings = z.strictObject({
  secret_id: secret("Id of the API key (SecretId)."),
  secret_key: secret("Key of the API key (SecretKey)."),
  app_id: z.coerce
    .string()
    .regex(/^\d{6,20}$/, "digits, such as 1400006666")
    .describe("Id of the SMS application (SdkAppId)."),
  sign_name: z.string().min(1).max(50).describe("The approved signature, without its brackets."),
  template_id: z.coerce
    .string()
    .regex(/^\d{1,20}$/, "digits")
    .describe("Id of the approved template."),
  template_variables: z
    .array(z.enum(smsFields))
    .max(10)
    .default(["site", "where", "name", "time"])
    .describe("What stands for the template's {1}, {2} and so on."),
  region: z.string().min(1).max(50).default("ap-guangzhou").describe("Region of the interface."),
  base: baseAddress("https://sms.tencentcloudapi.com", "Where the interface is."),
});
export type TencentSmsSettings = z.output<typeof tencentSmsSettings>;
