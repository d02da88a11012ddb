/** Whether key and certificate belong together, and how the key is to be written. */
import type { Certificate } from "./certificate.ts";
import { isSame } from "./der.ts";
import { chooseForm, KEY_LABELS, type PrivateKey } from "./key.ts";
import { type FileRole, type Finding, finding } from "./report.ts";
import type { ModemRules } from "./rules/rules.ts";

/** The certificate's public key is compared, byte by byte, with the one that the private key has. */
export function belongs(key: PrivateKey, certificate: Certificate): boolean {
  if (key.spki !== undefined && isSame(key.spki, certificate.spki)) return true;
  // The same key can be written with other parameters, or its point compressed.
  const [mine, its] = [key.kind, certificate.key];
  if (mine.type === "rsa") return its.type === "rsa" && mine.modulus === its.modulus && mine.exponent === its.exponent;
  return mine.type === "ec" && its.type === "ec" && mine.curve === its.curve && isSame(mine.point, its.point);
}

const COMPARE = ["openssl x509 -in client.pem -noout -pubkey", "openssl pkey -in client.key -pubout"];

export function checkPair(key: PrivateKey, leaf: Certificate, anchors: readonly Certificate[]): Finding {
  const owner = anchors.find((anchor) => belongs(key, anchor));
  if (belongs(key, leaf))
    return finding(
      "PAIR_MATCHES",
      "ok",
      "pair",
      `The private key belongs to ${leaf.facts.subject} (${key.kind.name}).`,
    );
  if (owner !== undefined)
    return finding("KEY_OF_CA", "error", "key", `The private key is that of the CA ${owner.facts.subject}.`, {
      why: "Whoever takes it out of one device can make certificates for all.",
      remedy: "Never put it into a device. Take the key that belongs to the client certificate.",
    });
  return finding(
    "PAIR_MISMATCH",
    "error",
    "pair",
    `The private key (${key.kind.name}) does not belong to ${leaf.facts.subject} (${leaf.facts.key}).`,
    {
      why: "The modem cannot prove the certificate: the handshake fails with every broker that asks for one.",
      remedy:
        "Take the key that was made for this certificate, or have a certificate issued for this key. Both commands have to print the same.",
      commands: COMPARE,
    },
  );
}

/** A file was given without its partner. */
export function checkPartner(given: ReadonlySet<FileRole>): Finding[] {
  if (given.has("cert") === given.has("key")) return [];
  const missing = given.has("cert") ? "private key" : "client certificate";
  return [
    finding(
      "PAIR_INCOMPLETE",
      "warning",
      "pair",
      `The ${missing} was not given, so whether the two belong together could not be checked.`,
      {
        why: "The modem needs both, and godwit.json refuses one without the other.",
        remedy: "Give both, unless the other one is in the store already.",
      },
    ),
  ];
}

export function checkKeyForm(key: PrivateKey, rules: ModemRules): Finding {
  const { value, grade, source } = rules.keyForms;
  const form = chooseForm(key, value);
  const label = KEY_LABELS[key.form];
  if (form === key.form)
    return finding(
      "KEY_FORM_FITS",
      "ok",
      "key",
      `BEGIN ${label} is a form that ${rules.models} are known to read (${grade}: ${source}).`,
    );
  if (form === undefined)
    return finding(
      "KEY_FORM_UNPROVED",
      "warning",
      "key",
      `BEGIN ${label} is not known to be read by ${rules.models} (${grade}: ${source}).`,
      {
        why: "There is no other form for this kind of key.",
        remedy: "Try it on the desk.",
      },
    );
  return finding(
    "KEY_FORM",
    "warning",
    "key",
    `BEGIN ${label} is not known to be read by ${rules.models} (${grade}: ${source}).`,
    {
      why: `A key that the modem cannot read fails the handshake: ${rules.refusal}.`,
      remedy: `It is converted here and written as BEGIN ${KEY_LABELS[form]}. For a file that you store yourself, use openssl.`,
      commands: ["openssl pkey -in client.key -traditional -out client-traditional.key"],
    },
  );
}
