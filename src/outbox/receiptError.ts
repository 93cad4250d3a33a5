/**
 * An account's own codes for the `err` field of its receipts. A key is an error code that an SMSC
 * wrote, or a reason that Signalbox gives for a failure.
 */
export type ReceiptErrors = Readonly<Record<string, string>>

const NO_ERROR = '000'
/** Replaces an error that does not fit into three characters. A trace shows the full error. */
const OTHER = '999'

/**
 * Returns the `err` field of a customer's receipt. It always has three characters (SMPP 3.4
 * appendix B).
 * @param error the SMSC's error code or Signalbox's own reason; '' if there was no error
 * @param commandStatus the status of the response that refused the message, if the SMSC refused it
 * @param errors the account's own codes, which override all others
 */
export function receiptError(
  error: string,
  commandStatus: number | undefined,
  errors: ReceiptErrors = {},
): string {
  if (Object.hasOwn(errors, error)) return errors[error] ?? OTHER
  if (commandStatus) return threeDigits(commandStatus)
  if (error === '') return NO_ERROR
  if (/^\d+$/.test(error)) return threeDigits(Number(error))
  return /^[\w.-]{1,3}$/.test(error) ? error.padStart(3, '0') : OTHER
}

function threeDigits(code: number): string {
  return code < 1_000 ? String(code).padStart(3, '0') : OTHER
}
