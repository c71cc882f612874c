import type { Text } from "@gengfu/shared/model/text";

/** What to do about what a vendor answered, by its code; the first that fits counts. */
const advices: readonly (readonly [codes: RegExp, advice: Text])[] = [
  [
    /^(unreachable|timeout|stopped|exception|http_5\d\d|http_408)$/,
    {
      zh: "连不上对方：请检查本机的网络、DNS、代理与防火墙，以及配置里的地址和端口，稍后再试。",
      en: "It can't be reached: check this machine's network, DNS, proxy and firewall, and the address and port of the configuration; then try again.",
    },
  ],
  [
    /^(no_errcode|no_code|no_token)$/,
    {
      zh: "回答的不是该服务商：地址可能不对，或中间有需要登录的代理。",
      en: "Who answers is not the vendor: the address may be wrong, or a proxy in between wants a login.",
    },
  ],
  [
    /^(no_user|no_address)$/,
    {
      zh: "配置里没有此人：请在该渠道的 users 或 addresses 中按人员 id 添加。",
      en: "The configuration does not have this person: add the id to the channel's users or addresses.",
    },
  ],
  [
    /^(93000|300001|300005|400101|400106|19001|19002)$/,
    {
      zh: "机器人的 webhook 地址不对或机器人已删除：请从群设置里重新复制地址。",
      en: "The bot's webhook is wrong, or the bot is gone: copy its address from the group's settings again.",
    },
  ],
  [
    /^(310000|19021|19022|19024)$/,
    {
      zh: "未通过机器人的安全设置：请核对签名密钥、关键词、IP 白名单，以及本机时钟是否准确。",
      en: "The bot's security settings let it not through: check the secret, the keywords, the allowed addresses, and whether this machine's clock is right.",
    },
  ],
  [
    /^(45009|410100|130101|11232|http_429|LimitExceeded.*|RequestLimitExceeded.*|Throttling.*|isv\.(BUSINESS_LIMIT_CONTROL|DAY_LIMIT_CONTROL|MONTH_LIMIT_CONTROL))$/,
    { zh: "发送得太多：请等一会儿再试。", en: "Too many were sent: wait for a while, then try again." },
  ],
  [
    /^60020$/,
    {
      zh: "本机的公网 IP 不在应用的企业可信 IP 中：请在企业微信管理后台添加。",
      en: "This machine's public address is not among the application's trusted ones (企业可信IP): add it in WeCom's administration.",
    },
  ],
  [
    /^(invaliduser|81013|60011|40003)$/,
    {
      zh: "企业微信不认识此账号，或不在应用可见范围内：请核对 users 与应用的可见范围。",
      en: "WeCom does not know this user, or the application may not see them: check users and the application's visible range.",
    },
  ],
  [
    /^(40001|40013|40056|301002|41011|48002)$/,
    {
      zh: "企业 ID、应用 Secret 与 AgentId 不匹配：请从管理后台重新复制三者。",
      en: "corp_id, corp_secret and agent_id do not belong together: copy all three from WeCom's administration again.",
    },
  ],
  [
    /^(SignatureDoesNotMatch|InvalidAccessKeyId.*|AuthFailure.*|UnauthorizedOperation.*|isp\.RAM_PERMISSION_DENY|Forbidden.*|http_40[13])$/,
    {
      zh: "密钥不对或没有短信权限：请核对密钥并授权，且确认本机时钟准确。",
      en: "The key is wrong or lacks the right to send: check it and its rights, and that this machine's clock is right.",
    },
  ],
  [
    /^(isv\.(AMOUNT_NOT_ENOUGH|OUT_OF_SERVICE)|FailedOperation\.InsufficientBalanceInSmsPackage)$/,
    { zh: "余额或套餐包不足：请充值。", en: "The account or its package is empty: top it up." },
  ],
  [
    /^(isv\.SMS_.*|isv\.(TEMPLATE|SIGN).*|isv\.PARAM.*|isv\.BLACK_KEY_CONTROL_LIMIT|FailedOperation\.(Signature|Template|ContainSensitiveWord|MissingTemplate).*|InvalidParameterValue\.Template.*)$/,
    {
      zh: "签名、模板或变量与审核通过的不一致：请在短信控制台核对。",
      en: "Signature, template or variables differ from what was approved: compare them with the vendor's console.",
    },
  ],
  [
    /^(isv\.MOBILE_NUMBER_ILLEGAL|InvalidParameterValue\.IncorrectPhoneNumber|FailedOperation\.PhoneNumberInBlacklist)$/,
    {
      zh: "该手机号不能接收：请核对站点文件里的号码。",
      en: "The number can't be reached: check it in the site's file.",
    },
  ],
  [
    /^smtp_53\d$/,
    {
      zh: "邮箱用户名或密码不对：多数邮箱需用授权码，而不是登录密码。",
      en: "User name or password of the mailbox is wrong: most providers want their code for programs (授权码), not the password.",
    },
  ],
  [
    /^smtp_/,
    {
      zh: "邮件服务器拒收：请核对发件人与收件人地址。",
      en: "The mail server refuses it: check the sender's and the recipient's addresses.",
    },
  ],
];

export function adviceOf(channel: string, code: string): Text {
  const known = advices.find(([codes]) => codes.test(code))?.[1];
  return (
    known ?? {
      zh: `请按代码 ${code} 查阅服务商的文档，并对照 cloud/src/notifiers/${channel}/README.md。`,
      en: `Look the code ${code} up in the vendor's documents, and compare cloud/src/notifiers/${channel}/README.md.`,
    }
  );
}
