/** One TLS handshake as the modem makes it: with the files of its store, over a TCP connection that stands. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { isIP, type Socket } from "node:net";
import {
  type ConnectionOptions,
  connect,
  createSecureContext,
  type DetailedPeerCertificate,
  type SecureVersion,
  type TLSSocket,
} from "node:tls";
import type { FailureCause, TlsDetails } from "../types.ts";
import { cipherList } from "./ciphers.ts";
import type { Boot } from "./context.ts";
import { IP_ERROR } from "./errors.ts";
import type { FileStore } from "./files.ts";
import type { Failure } from "./streams.ts";
import type { SslContext } from "./tls-config.ts";
import { readCertificates, verifyServer } from "./tls-verify.ts";

/** AT+QSSLCFG="sslversion" to Node's names. [D] 4 = all; BG96 does at most TLS 1.2. */
const VERSIONS: Readonly<Record<number, readonly [SecureVersion, SecureVersion]>> = {
  1: ["TLSv1", "TLSv1"],
  2: ["TLSv1.1", "TLSv1.1"],
  3: ["TLSv1.2", "TLSv1.2"],
  4: ["TLSv1", "TLSv1.2"],
};

/** [R] What a TLS 1.2 stack of 2017 has, which these are: no X25519, no RSA-PSS, no Ed25519. */
const CURVES = "P-256:P-384:P-521";
const SIGNATURES = ["RSA", "ECDSA"].flatMap((key) => [256, 384, 512, 1].map((hash) => `${key}+SHA${hash}`)).join(":");

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** [H] Every TLS failure has the code of a connect that failed. */
export function tlsFailure(cause: FailureCause, detail: string, tls?: TlsDetails): Failure {
  return { code: IP_ERROR.connectFailed, cause, detail, tls };
}

export interface Prepared {
  readonly context: Readonly<SslContext>;
  readonly anchors: readonly X509Certificate[];
  readonly options: ConnectionOptions;
}

/** Reads the files of a context; what is missing or broken fails before a byte is sent. */
export function prepare(context: Readonly<SslContext>, files: FileStore, host: string): Prepared | Failure {
  const versions = VERSIONS[context.sslversion];
  if (versions === undefined) return tlsFailure("tls-version", "SSL 3.0 is not spoken by any server here");
  const ciphers = cipherList(context.ciphersuite);
  if (ciphers === undefined)
    return tlsFailure("cipher", `${context.ciphersuite} is not offered by this computer's OpenSSL`);
  const anchors = context.seclevel === 0 ? [] : readAnchors(context, files);
  if (!Array.isArray(anchors)) return anchors;
  const options: ConnectionOptions = {
    rejectUnauthorized: false,
    minVersion: versions[0],
    maxVersion: versions[1],
    ciphers,
    ecdhCurve: CURVES,
    sigalgs: SIGNATURES,
    // Judged below, by the modem's store and clock: none of this computer's roots may help a chain.
    ca: [],
    ...(context.sni === 1 && isIP(host) === 0 ? { servername: host } : {}),
  };
  const identity = context.seclevel === 2 ? readIdentity(context, files) : {};
  return "cause" in identity ? identity : { context, anchors, options: { ...options, ...identity } };
}

function readAnchors(context: Readonly<SslContext>, files: FileStore): X509Certificate[] | Failure {
  const file = context.cacert === "" ? undefined : files.read(context.cacert);
  // [H] seclevel 1 without a CA file: 566.
  if (file === undefined)
    return tlsFailure("ca-missing", context.cacert === "" ? "no cacert set" : `no file ${context.cacert}`);
  return readCertificates(file) ?? tlsFailure("ca-unreadable", `${context.cacert} holds no certificate`);
}

function readIdentity(
  context: Readonly<SslContext>,
  files: FileStore,
): Pick<ConnectionOptions, "cert" | "key"> | Failure {
  const { clientcert, clientkey } = context;
  const cert = clientcert === "" ? undefined : files.read(clientcert);
  const key = clientkey === "" ? undefined : files.read(clientkey);
  if (cert === undefined)
    return tlsFailure("client-cert-missing", clientcert === "" ? "no clientcert set" : `no file ${clientcert}`);
  if (key === undefined)
    return tlsFailure("client-cert-missing", clientkey === "" ? "no clientkey set" : `no file ${clientkey}`);
  try {
    // [R] As in the CA file: nothing stands before the first mark of a file but lines of text.
    if ([cert, key].some((file) => file.subarray(0, 3).equals(BYTE_ORDER_MARK))) throw new Error("byte order mark");
    // Level 0: what a weak certificate is worth is for the server to judge.
    createSecureContext({ cert, key, ciphers: "DEFAULT:@SECLEVEL=0" });
    if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) throw new Error("mismatch");
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    const mismatch = /mismatch/i.test(text);
    return tlsFailure(
      mismatch ? "client-key-mismatch" : "client-cert-unreadable",
      mismatch ? `${clientkey} does not belong to ${clientcert}` : `${clientcert} or ${clientkey} cannot be read`,
    );
  }
  return { cert, key };
}

/** Calls `done` once; the returned function gives up without calling it. Nothing stays open after a failure. */
export function handshake(
  boot: Boot,
  prepared: Prepared,
  host: string,
  link: Socket,
  done: (failure: Failure | undefined, socket?: TLSSocket, tls?: TlsDetails) => void,
): () => void {
  const { machine } = boot;
  const socket = connect({ ...prepared.options, socket: link });
  let over = false;
  const settle = (): boolean => {
    if (over) return false;
    over = true;
    machine.cancel(timer);
    return true;
  };
  const fail = (failure: Failure): void => {
    if (!settle()) return;
    socket.destroy();
    link.destroy();
    done(failure);
  };
  // The handshake's limit; the manual gives no other code for it.
  const timer = machine.timeout(prepared.context.negotiatetime * 1000, () =>
    fail(tlsFailure("timeout", `no handshake in ${prepared.context.negotiatetime} s`)),
  );
  socket.once("secureConnect", () => {
    const details = describe(prepared, socket, comparesHost(boot, prepared));
    const problem = prepared.context.seclevel === 0 ? undefined : judge(boot, prepared, host, socket);
    if (problem !== undefined) return fail(tlsFailure(problem.cause, problem.detail, details));
    if (settle()) done(undefined, socket, details);
  });
  socket.on("error", (error: NodeJS.ErrnoException) => fail(explain(error, prepared, socket)));
  socket.once("close", () => fail(tlsFailure("handshake", "the server closed the connection during the handshake")));
  return () => {
    if (!settle()) return;
    socket.destroy();
    link.destroy();
  };
}

function judge(boot: Boot, prepared: Prepared, host: string, socket: TLSSocket): ReturnType<typeof verifyServer> {
  return verifyServer({
    chain: presented(socket),
    anchors: prepared.anchors,
    now: prepared.context.ignorelocaltime === 1 ? undefined : boot.rtc.now(),
    host: comparesHost(boot, prepared) ? host : undefined,
    manner: prepared.context.checkhost === 1 ? "qualcomm" : "rfc",
  });
}

/** Some models always do [H]; "checkhost" is for the others [D]. */
function comparesHost(boot: Boot, { context }: Prepared): boolean {
  return boot.quirks.checksHost || context.checkhost === 1;
}

function presented(socket: TLSSocket): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let current: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  while (current?.raw !== undefined) {
    const certificate = new X509Certificate(current.raw);
    if (chain.some((known) => known.raw.equals(certificate.raw))) break;
    chain.push(certificate);
    current = current.issuerCertificate;
  }
  return chain;
}

function describe(prepared: Prepared, socket: TLSSocket, checksHost: boolean): TlsDetails {
  const [leaf] = presented(socket);
  const { seclevel, ignorelocaltime } = prepared.context;
  return {
    protocol: socket.getProtocol() ?? undefined,
    cipher: socket.getCipher().name,
    sni: prepared.options.servername,
    seclevel,
    datesChecked: seclevel > 0 && ignorelocaltime === 0,
    hostChecked: seclevel > 0 && checksHost,
    clientCertificate: seclevel === 2,
    subject: leaf?.subject?.replaceAll("\n", ", "),
    issuer: leaf?.issuer?.replaceAll("\n", ", "),
    validFrom: leaf?.validFrom,
    validTo: leaf?.validTo,
  };
}

/** OpenSSL's words to the causes of the timeline. */
function explain(error: NodeJS.ErrnoException, prepared: Prepared, socket: TLSSocket): Failure {
  const text = `${error.code ?? ""} ${error.message}`;
  const detail = error.code ?? error.message;
  if (/wrong_version_number|packet_length_too_long|http_request/i.test(text))
    return tlsFailure("handshake", `${detail}: what the server says is not TLS`);
  if (/unrecognized_name/i.test(text)) return tlsFailure("handshake", `${detail}: a name it does not know, or no SNI`);
  if (/protocol_version|unsupported_protocol/i.test(text)) return tlsFailure("tls-version", detail);
  if (/no_(?:shared_)?cipher|NO_CIPHERS|insufficient_security/i.test(text)) return tlsFailure("cipher", detail);
  const hasSuite = socket.getCipher()?.name !== undefined;
  const withCertificate = prepared.context.seclevel === 2;
  if (!/alert/i.test(text))
    return tlsFailure("handshake", hasSuite && !withCertificate ? `${detail}, ${GUESS}` : detail);
  // An alert in answer to the first message, when there is no suite yet: what was offered did not please.
  if (!hasSuite) {
    const refused = /handshake_failure|handshake failure/i.test(text);
    return refused
      ? tlsFailure("cipher", `${detail}: no suite, curve or version in common`)
      : tlsFailure("handshake", detail);
  }
  // Behind it the server judges the client's certificate alone. Which alert says so differs from stack to stack: GnuTLS
  // has decode_error for none at all, BoringSSL and Java others.
  const judged = /handshake_failure|handshake failure|certificate|unknown_ca|access_denied|decode_error|decrypt_error/i;
  if (judged.test(text)) return tlsFailure(withCertificate ? "client-cert-refused" : "client-cert-required", detail);
  return tlsFailure("handshake", detail);
}

/** mbed TLS and wolfSSL close on a missing client certificate so fast that their alert is lost. */
const GUESS = "behind the server's certificate: it may want one of the client";
