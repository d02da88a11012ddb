/** Whether a broker's certificate is for the name by which the device calls it (RFC 6125). */
import "reflect-metadata"; // @peculiar/x509 needs it to be loaded first.
import * as x509 from "@peculiar/x509";
import { type Certificate, printable } from "./certificate.ts";
import { type Finding, finding } from "./report.ts";
import type { ModemRules } from "./rules/rules.ts";

/** An address in its one canonical form; undefined for a name. */
function addressOf(host: string): string | undefined {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(host)) return host;
  if (!/^[0-9a-fA-F:.]*:[0-9a-fA-F:.]*$/.test(host)) return undefined;
  try {
    return new URL(`http://[${host}]/`).hostname;
  } catch {
    return undefined;
  }
}

/** A star stands for one label, and only as the whole of the first. */
function matches(pattern: string, host: string): boolean {
  const wanted = pattern.toLowerCase().replace(/\.$/, "").split(".");
  const labels = host.toLowerCase().replace(/\.$/, "").split(".");
  if (wanted.length !== labels.length) return false;
  const isWild = wanted[0] === "*" && wanted.length > 2;
  return wanted.every((label, index) => (index === 0 && isWild) || label === labels[index]);
}

function named(common: readonly string[], host: string): Finding {
  return finding("HOST_NAMED", "ok", "host", `The broker's certificate is for ${printable(host)}.`, {
    why: common.some((name) => matches(name, host))
      ? ""
      : "Its common name is another: a modem that compares that alone would refuse it.",
  });
}

/** A name that is right, and that the modem may not be able to compare. */
function unproved(
  host: string,
  isAddress: boolean,
  { models, refusal, comparedHost }: ModemRules,
): Finding | undefined {
  const { value, grade, source } = comparedHost;
  const isLong = host.length > value.maxLength;
  if (!isLong && (!isAddress || value.addresses)) return undefined;
  const what = isLong ? `has ${host.length} characters, more than ${value.maxLength}` : "is an address";
  return finding(
    "HOST_UNPROVED",
    "warning",
    "host",
    `The broker's certificate is for ${printable(host)}, which ${what}: ${models} are not known to compare that (${grade}: ${source}).`,
    {
      why: `Where the modem compares the host name, it may refuse the broker: ${refusal}.`,
      remedy:
        "Give the broker a name in the DNS of at most 64 characters, and a certificate for it. Or try it on the desk.",
    },
  );
}

export function checkHost(certificate: Certificate, host: string, rules: ModemRules): Finding {
  const names = certificate.parsed.getExtension(x509.SubjectAlternativeNameExtension)?.names.items ?? [];
  const address = addressOf(host);
  const isNamed = names.some(({ type, value }) =>
    address === undefined ? type === "dns" && matches(value, host) : type === "ip" && addressOf(value) === address,
  );
  const shown = printable(host);
  const { value, grade, source } = rules.checksHost;
  const compares =
    value === "yes"
      ? `The modem refuses the broker: ${rules.refusal}.`
      : `A verifier refuses it: ${rules.refusal}. Whether ${rules.models} compare the name is ${value} (${grade}: ${source}).`;
  const common = certificate.parsed.subjectName.getField("CN");
  if (isNamed) return unproved(host, address !== undefined, rules) ?? named(common, host);
  const hasName = address === undefined && names.every(({ type }) => type !== "dns");
  if (hasName && common.some((name) => matches(name, host)))
    return finding(
      "HOST_COMMON_NAME",
      "warning",
      "host",
      `${shown} is only in the common name of the broker's certificate.`,
      {
        why: "Verifiers of today look at subjectAltName alone and refuse it; older ones take it.",
        remedy: "Have it issued with a subjectAltName.",
        commands: ["openssl x509 -in server.pem -noout -subject -ext subjectAltName"],
      },
    );
  return finding(
    "HOST_MISMATCH",
    "error",
    "host",
    `The broker's certificate is for ${certificate.facts.names.join(", ") || certificate.facts.subject}, not for ${shown}.`,
    {
      why: compares,
      remedy: "Set host in godwit.json to a name of the certificate, or have the certificate issued for this name.",
      commands: ["openssl x509 -in server.pem -noout -ext subjectAltName"],
    },
  );
}
