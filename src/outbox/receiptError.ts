/** Codes in the text of a customer's receipts instead of ours, by the SMSC's code or our reason. */
export type ReceiptErrors = Readonly<Record<string, string>>

const NO_ERROR = '000'
/** Three digits cannot say it. The trace does. */
const OTHER = '999'

/**
 * The `err` of a customer's receipt, which has exactly three characters (SMPP 3.4 appendix B).
 * @param error as the SMSC wrote it, or our reason; '' for no error
 * @param commandStatus of the response that refused the message, if one did
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
