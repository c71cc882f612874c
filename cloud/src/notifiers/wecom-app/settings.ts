import { secret } from "@gengfu/shared/config/secret";
import { z } from "zod";
import { baseAddress } from "../address.ts";

export const wecomAppSettings = z.strictObject({
  corp_id: z.string().min(1).max(100).describe("Id of the company (企业ID)."),
  corp_secret: secret("Secret of the application."),
  agent_id: z.coerce.number().int().min(1).describe("Id of the application (AgentId)."),
  users: z
    .record(z.string().min(1), z.string().regex(/^[A-Za-z0-9_.@-]{1,64}$/, "a user's id in WeCom"))
    .describe("Of each person of the sites' files, by id, the user's id in WeCom (账号)."),
  base: baseAddress("https://qyapi.weixin.qq.com", "Where WeCom's interface is."),
});
export type WecomAppSettings = z.output<typeof wecomAppSettings>;
