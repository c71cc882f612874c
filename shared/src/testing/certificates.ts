import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Whether certificates can be made; tests that need them are skipped where they can't. */
export const hasOpenssl = process.env["CI"] === "true" || spawnSync("openssl", ["version"]).error === undefined;
if (!hasOpenssl) console.warn("tests of TLS are skipped; install the package openssl");

export interface Certificate {
  readonly certificate: string;
  readonly key: string;
  /** The same as files. */
  readonly files: { readonly certificate: string; readonly key: string };
}

/** Makes a certificate authority in a folder, and what it signs: names are host names or those of clients. */
export function makeAuthority(folder: string, name: string) {
  const openssl = (...args: string[]): void => void execFileSync("openssl", args, { cwd: folder, stdio: "ignore" });
  const key = (what: string): string[] => [
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    "-keyout",
    `${what}.key`,
  ];
  openssl("req", "-x509", ...key(name), "-out", `${name}.pem`, "-days", "2", "-subj", `/CN=${name}`);
  return {
    file: join(folder, `${name}.pem`),
    certificate: readFileSync(join(folder, `${name}.pem`), "utf8"),
    issue(subject: string): Certificate {
      openssl("req", ...key(subject), "-out", `${subject}.csr`, "-subj", `/CN=${subject}`);
      writeFileSync(join(folder, "names"), `subjectAltName=DNS:${subject},IP:127.0.0.1`);
      const authority = ["-CA", `${name}.pem`, "-CAkey", `${name}.key`, "-CAcreateserial"];
      openssl(
        "x509",
        "-req",
        "-in",
        `${subject}.csr`,
        ...authority,
        "-out",
        `${subject}.pem`,
        "-days",
        "2",
        "-extfile",
        "names",
      );
      const files = { certificate: join(folder, `${subject}.pem`), key: join(folder, `${subject}.key`) };
      return { certificate: readFileSync(files.certificate, "utf8"), key: readFileSync(files.key, "utf8"), files };
    },
  };
}
