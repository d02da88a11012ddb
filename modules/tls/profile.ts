/**
 * How a TLS connection is to be made and verified. File names are names in the modem's store; the private key is
 * nowhere else. The lowest version is TLS 1.2, and nothing below it can be expressed.
 */
export interface TlsProfile {
  host: string;
  port: number;
  /** CA certificate. */
  ca: string;
  /** Client certificate and private key: both, or "" and "". */
  cert: string;
  key: string;
  /** `false` switches every check off; it must be written out and is reported as insecure. */
  verify: boolean;
  /** Server Name Indication. */
  sni: boolean;
}
