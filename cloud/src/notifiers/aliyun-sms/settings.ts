import { secret } from "@gengfu/shared/config/secret";
import { z } from "zod";
import { smsFields, standardVariables } from "./variables.ts";

export const aliyunSmsSettings = z.strictObject({
  access_key_id: secret("Id of the access key."),
  access_key_secret: secret("Secret of the access key."),
  sign_name: z.string().min(1).max(50).describe("The approved signature, without its brackets."),
  template_code: z.string().min(1).max(50).describe("Code of the approved template, such as SMS_123456789."),
  template_variables: z
    .record(z.string().regex(/^[A-Za-z]\w{0,19}$/, "a variable's name as in the template"), z.enum(smsFields))
    .default({ ...standardVariables })
    .describe("The template's variables, and what stands for each."),
  endpoint: z
    .string()
    .regex(/^(https?:\/\/)?[A-Za-z0-9.-]+(:\d{1,5})?\/?$/, "a host, or http:// or https:// and a host, without a path")
    .default("dysmsapi.aliyuncs.com")
    .describe("Where the interface is; over https unless it says otherwise."),
});
export type AliyunSmsSettings = z.output<typeof aliyunSmsSettings>;
