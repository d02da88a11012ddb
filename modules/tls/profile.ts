/**
 * How a TLS connection is to be made and verified. File names are names in the modem's store; the private key is
 * nowhere else.
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
  /** `false`: the host name is not compared, even where the modem can; for a broker whose certificate it cannot match. */
  checkHost?: boolean;
  /** Lowest version accepted, 1.2 when absent; nothing below it can be expressed. */
  minVersion?: "1.2";
  /** Server Name Indication. */
  sni: boolean;
}
