/** What certificates are to each other: who signed whom, in which order, and whether all of it ends in the CA file. */
import { type Certificate, isSignedBy, type Signed } from "./certificate.ts";
import { isSame } from "./der.ts";
import { type Finding, finding, type Severity } from "./report.ts";
import type { ModemRules } from "./rules/rules.ts";

export interface Chain {
  /** The leaf first, each signed by the next; without roots. What is to be written. */
  readonly ordered: readonly Certificate[];
  readonly findings: readonly Finding[];
}

/** How a search for an issuer ended. */
interface Issuer {
  readonly signed: Signed;
  readonly certificate: Certificate | undefined;
}

const WORTH: readonly Signed[] = ["yes", "unknown", "name", "no"];

async function issuerOf(certificate: Certificate, candidates: readonly Certificate[]): Promise<Issuer> {
  let best: Issuer = { signed: "no", certificate: undefined };
  for (const candidate of candidates) {
    const signed = await isSignedBy(certificate, candidate);
    if (WORTH.indexOf(signed) < WORTH.indexOf(best.signed)) best = { signed, certificate: candidate };
    if (signed === "yes") break;
  }
  return best;
}

const note = (code: string, severity: Severity, text: string, why: string, remedy: string, commands: string[] = []) =>
  finding(code, severity, "chain", text, { why, remedy, commands });

const isEqual = (a: Certificate, b: Certificate): boolean => isSame(a.der, b.der);

function withoutDoubles(certificates: readonly Certificate[]): Certificate[] {
  return certificates.filter((one, index) => certificates.findIndex((other) => isEqual(one, other)) === index);
}

/** Puts the certificates of one peer in order, from its own one up. */
async function climb(leaf: Certificate, others: readonly Certificate[]): Promise<Certificate[]> {
  const path = [leaf];
  for (let current = leaf; ; ) {
    const rest = others.filter((one) => !path.some((known) => isEqual(known, one)));
    const { signed, certificate } = await issuerOf(current, rest);
    if (certificate === undefined || signed === "no" || signed === "name") return path;
    path.push(certificate);
    current = certificate;
  }
}

/** The certificates of the client's or the broker's file, of which `leaf` is its own one. */
export async function orderChain(
  all: readonly Certificate[],
  leaf: Certificate,
  role: "cert" | "server",
  rules: ModemRules,
): Promise<Chain> {
  const findings: Finding[] = [];
  const single = withoutDoubles(all);
  const path = await climb(leaf, single);
  const left = single.filter((one) => !path.includes(one));
  const top = path[path.length - 1] ?? leaf;
  if ((await issuerOf(top, left)).signed === "name") findings.push(stale(top, role, rules));
  const ordered = path.filter((one, index) => index === 0 || !one.facts.isSelfSigned);
  const whose = role === "cert" ? "client.pem" : "the broker's file";
  if (single.length < all.length)
    findings.push(
      note("CHAIN_DOUBLE", "warning", `A certificate stands twice in ${whose}.`, "", "The second one is left out."),
    );
  if (all[0] !== leaf || path.some((one, index) => index > 0 && one.index < (path[index - 1]?.index ?? 0)))
    findings.push(
      note(
        "CHAIN_ORDER",
        "warning",
        `The certificates of ${whose} are not in order: its own comes first, then who signed it.`,
        "The modem takes the first one for the device's own, and its key does not fit it.",
        "What is written is in order. Elsewhere, put the file right.",
      ),
    );
  if (left.length > 0)
    findings.push(
      note(
        "CHAIN_STRANGER",
        "warning",
        `${left.length === 1 ? "A certificate" : `${left.length} certificates`} of ${whose} signed nothing in it: ${left.map(({ facts }) => facts.subject).join("; ")}.`,
        "It cannot help anybody to verify the chain.",
        "It is left out. Take the intermediate whose name is the issuer of the certificate.",
      ),
    );
  if (role === "cert" && ordered.length > rules.certCertificates.value) findings.push(tooLong(ordered.length, rules));
  return { ordered, findings };
}

function tooLong(count: number, rules: ModemRules): Finding {
  const { value, grade, source } = rules.certCertificates;
  return note(
    "CHAIN_LENGTH",
    "warning",
    `client.pem has ${count} certificates; ${rules.models} are known to send ${value} (${grade}: ${source}).`,
    "A broker that does not know the intermediate refuses the device.",
    "Give the intermediate to the broker, beside the root.",
  );
}

/** Whether the chain ends in the CA file. */
export async function checkEnd(
  ordered: readonly Certificate[],
  anchors: readonly Certificate[],
  role: "cert" | "server",
  rules: ModemRules,
): Promise<Finding[]> {
  const top = ordered[ordered.length - 1];
  if (top === undefined) return [];
  if (anchors.length === 0) return [unchecked(top, "There is no CA file to verify it with")];
  if (anchors.some((anchor) => isEqual(anchor, top))) return [ended(ordered, top, role)];
  if (top.facts.isSelfSigned && ordered.length === 1) return role === "server" ? [otherCa(top, role, rules)] : [];
  const { signed, certificate } = await issuerOf(top, anchors);
  if (signed === "yes" && certificate) return [...pathLength(ordered, certificate), ended(ordered, certificate, role)];
  if (signed === "unknown") return [unchecked(top, `${top.facts.signature} cannot be computed here`)];
  return [signed === "name" ? stale(top, role, rules) : otherCa(top, role, rules)];
}

function ended(ordered: readonly Certificate[], anchor: Certificate, role: "cert" | "server"): Finding {
  const whose = role === "cert" ? "client certificate" : "broker's certificate";
  const names = [...ordered, anchor].map(({ facts }) => facts.subject);
  return note(
    "CHAIN_COMPLETE",
    "ok",
    `The ${whose} is signed up to the CA file: ${[...new Set(names)].join(" < ")}.`,
    "",
    "",
  );
}

/** RFC 5280, 4.2.1.9: intermediates that may stand under a CA. */
function pathLength(ordered: readonly Certificate[], anchor: Certificate): Finding[] {
  const broken = [...ordered.slice(1), anchor].find(
    ({ constraints }, below) => constraints?.pathLength !== undefined && below > constraints.pathLength,
  );
  if (broken === undefined) return [];
  return [
    note(
      "CHAIN_PATH_LENGTH",
      "error",
      `${broken.facts.subject} allows fewer CAs below it than there are.`,
      "Every verifier refuses the chain.",
      "Have the intermediate issued by a CA that allows it (pathlen).",
    ),
  ];
}

function stale(top: Certificate, role: "cert" | "server", rules: ModemRules): Finding {
  return note(
    "CHAIN_STALE_CA",
    "error",
    `The CA file has a CA of the right name, ${top.facts.issuer}, but it did not sign ${top.facts.subject}: the key is another, or one of the two is damaged.`,
    role === "server" ? `The modem refuses the broker: ${rules.refusal}.` : "A broker with this CA refuses the device.",
    "The CA was renewed, or made twice: take the file that signed it.",
    ["openssl verify -CAfile ca.pem client.pem"],
  );
}

function otherCa(top: Certificate, role: "cert" | "server", rules: ModemRules): Finding {
  if (role === "server")
    return note(
      "CHAIN_WRONG_CA",
      "error",
      `The broker's chain ends at ${top.facts.subject}, issued by ${top.facts.issuer}, which is not in the CA file.`,
      `The modem refuses the broker: ${rules.refusal}.`,
      `Take the certificate of ${top.facts.issuer}, or let the broker send the intermediate that is missing.`,
      ["openssl s_client -connect host:8883 -servername host -CAfile ca.pem -verify_return_error </dev/null"],
    );
  return note(
    "CHAIN_OTHER_CA",
    "warning",
    `The client certificate is signed by ${top.facts.issuer}, which is not in the CA file, so its signature could not be checked.`,
    "Right where brokers and devices have different CAs, as with AWS IoT. With one CA of your own it is a mix-up, and the broker refuses the device.",
    "Compare with the CA that the broker has for its clients.",
    ["openssl verify -CAfile clients-ca.pem client.pem"],
  );
}

function unchecked(top: Certificate, why: string): Finding {
  return note(
    "CHAIN_UNCHECKED",
    "warning",
    `The signature of ${top.facts.subject} was not verified.`,
    `${why}, so a damaged or a wrong certificate would not be seen.`,
    "Give the CA that signed it, or verify it with openssl.",
    ["openssl verify -CAfile ca.pem client.pem"],
  );
}

/** The CA file by itself. `ordered`: roots first, as they are written. */
export async function checkAnchors(all: readonly Certificate[], rules: ModemRules): Promise<Chain> {
  const findings: Finding[] = [];
  const single = withoutDoubles(all);
  for (const anchor of single) {
    const signed = anchor.facts.isSelfSigned ? await isSignedBy(anchor, anchor) : "no";
    if (signed === "name") findings.push(damaged(anchor, rules));
    if (signed === "unknown") findings.push(unchecked(anchor, `${anchor.facts.signature} cannot be computed here`));
  }
  const ordered = [
    ...single.filter(({ facts }) => facts.isSelfSigned),
    ...single.filter(({ facts }) => !facts.isSelfSigned),
  ];
  const { value, grade, source } = rules.caCertificates;
  if (single.length < all.length)
    findings.push(
      note("CHAIN_DOUBLE", "warning", "A certificate stands twice in ca.pem.", "", "The second one is left out."),
    );
  if (ordered.length > value)
    findings.push(
      note(
        "CHAIN_CA_COUNT",
        "warning",
        `ca.pem has ${ordered.length} certificates; ${rules.models} are known to use ${value} (${grade}: ${source}).`,
        `If it is another that the broker needs, the answer is ${rules.refusal}. Roots are written first: ${ordered[0]?.facts.subject}.`,
        "Keep only the root of the broker's chain.",
        ["openssl s_client -connect host:8883 -servername host -showcerts </dev/null"],
      ),
    );
  return { ordered, findings };
}

function damaged(anchor: Certificate, rules: ModemRules): Finding {
  return note(
    "CHAIN_SIGNATURE",
    "error",
    `${anchor.facts.subject} says that it signed itself, and did not: it is damaged, or it is another CA's certificate of the same name.`,
    `The modem would refuse every broker: ${rules.refusal}.`,
    "Copy the CA certificate again from where it comes from, and compare the fingerprints.",
    ["openssl x509 -in ca.pem -noout -fingerprint -sha256"],
  );
}
