/** What a modem family takes for certificates and keys: one record a family, as its driver is one. */
import type { KeyForm } from "../report.ts";

/** H seen on hardware, D vendor text or a driver in use, R recalled and not verified. */
export type Grade = "H" | "D" | "R";

/** A number or a choice, and what it rests on. */
export interface Graded<T> {
  readonly value: T;
  readonly grade: Grade;
  /** Shown to the user behind the grade. */
  readonly source: string;
}

/** A file in the modem's store. */
export interface StoredFile {
  /** Bare, without the drive. */
  readonly name: string;
  readonly bytes: number;
}

export interface ModemRules {
  /** As the driver's. */
  readonly family: string;
  /** For people. */
  readonly models: string;
  /** What a failed handshake looks like on this family, e.g. `566`. */
  readonly refusal: string;
  /** A file's length in the store. */
  readonly maxFileBytes: Graded<number>;
  readonly maxNameLength: Graded<number>;
  /** Certificates in the CA file that are used for sure. */
  readonly caCertificates: Graded<number>;
  /** Certificates in the client certificate's file that are sent for sure. */
  readonly certCertificates: Graded<number>;
  /** Bits of an RSA key that the family is known to take. */
  readonly rsaBits: Graded<{ readonly min: number; readonly max: number }>;
  /** Curves in certificates of brokers and their CA that the family is known to verify, as `P-256`. */
  readonly curves: Graded<readonly string[]>;
  /** Curves of the client's own key that the family is known to sign with. */
  readonly keyCurves: Graded<readonly string[]>;
  /** Forms of a private key that are known to be read; others are converted into the first that fits the key. */
  readonly keyForms: Graded<readonly KeyForm[]>;
  /** Signatures of certificates that can be verified, by hash. */
  readonly hashes: Graded<readonly string[]>;
  readonly lineEnd: Graded<"\n" | "\r\n">;
  /** Reads a line of the store's list; undefined when it is none. */
  readonly readListed: (line: string) => StoredFile | undefined;
  /** Whether the family compares the host name with the server's certificate. */
  readonly checksHost: Graded<"yes" | "no" | "unproved">;
  /** What it can compare, as far as is known. */
  readonly comparedHost: Graded<{ readonly maxLength: number; readonly addresses: boolean }>;
}
