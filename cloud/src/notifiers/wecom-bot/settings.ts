import { secret } from "@gengfu/shared/config/secret";
import { z } from "zod";

export const wecomBotSettings = z.strictObject({
  url: secret("The group bot's webhook, whose key is part of the address.").refine(
    (url) => /^https?:$/.test(URL.parse(url)?.protocol ?? ""),
    { message: "an address that begins with https:// or http://" },
  ),
});
export type WecomBotSettings = z.output<typeof wecomBotSettings>;
