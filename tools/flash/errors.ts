/** Codes: docs/errors.md. */
export type FlashErrorCode =
  | "FLASH_IMAGE"
  | "FLASH_BOARD"
  | "FLASH_SIZE"
  | "FLASH_ROOM"
  | "FLASH_STORAGE"
  | "FLASH_VERIFY"
  | "FLASH_LINK"
  | "FLASH_BOOT"
  | "FLASH_REFUSED"
  | "FLASH_NOTHING"
  | "FLASH_LOCK"
  | "FLASH_CANCELLED";

export class FlashError extends Error {
  readonly code: FlashErrorCode;
  constructor(code: FlashErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
