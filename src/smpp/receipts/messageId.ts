// SMSCs may write the id of a message differently in submit_sm_resp and in the receipt: in another
// letter case, without leading zeros, or in decimal instead of hexadecimal (SMPP 3.3). A rule for
// each connection says how the two ids differ. Ids remain strings, because they can exceed 2^53.

/**
 * The rule that decides whether two ids on a connection mean the same message. If no property is
 * set, the ids must be equal.
 */
export interface MessageIdRule {
  /** `1A2b` matches `1a2B`. The case of letters outside ASCII still matters. */
  readonly ignoreCase?: boolean
  /** `0017` matches `17`. */
  readonly ignoreLeadingZeros?: boolean
  /**
   * The notation of ids in submit_sm_resp. If both `response` and `receipt` are set, ids are
   * compared as numbers, each in its own notation. Ids that are not numbers must then be equal, and
   * `ignoreCase` and `ignoreLeadingZeros` have no effect.
   */
  readonly response?: 'hex' | 'decimal'
  /** The notation of ids in receipts; see `response`. */
  readonly receipt?: 'hex' | 'decimal'
}

/**
 * The maximum length of a message_id (SMPP 3.4 §4.4.2). Longer ids match only if they are equal.
 */
const ID_CHARACTERS_MAX = 64
/**
 * The usual widths of padded numbers: 8 hexadecimal digits (SMPP 3.3), or the same number in 10
 * decimal digits.
 */
const PADDED_DIGITS = [8, 10] as const

/**
 * The ids that submit_sm_resp (SMPP 3.4 §4.4.2) may have given to a message whose receipt (appendix
 * B) has the id `receiptId`. `receiptId` itself is first. The other spellings that the rule allows
 * follow, the most likely first. Only common spellings are included (all lower case, all upper
 * case, the usual widths). To find every spelling, compare the keys that messageIdKey returns.
 * An empty id gives an empty list.
 */
export function messageIdCandidates(receiptId: string, rule: MessageIdRule): string[] {
  if (receiptId === '') return []
  if (receiptId.length > ID_CHARACTERS_MAX) return [receiptId]
  const others = isNumeric(rule) ? numberForms(receiptId, rule) : looseForms(receiptId, rule)
  return [...new Set([receiptId, ...others])]
}

function numberForms(receiptId: string, { receipt, response }: MessageIdRule): string[] {
  const number = valueOf(receiptId, receipt)
  if (number === undefined) return []
  return response === 'hex'
    ? widthsOf(number.toString(16)).flatMap(casesOf)
    : widthsOf(number.toString())
}

function looseForms(receiptId: string, { ignoreCase, ignoreLeadingZeros }: MessageIdRule) {
  const forms = ignoreLeadingZeros ? widthsOf(withoutZeros(receiptId)) : []
  return ignoreCase ? [receiptId, ...forms].flatMap(casesOf) : forms
}

/**
 * A key that is the same for all ids that mean the same message. Store the key of the id in
 * submit_sm_resp (SMPP 3.4 §4.4.2), and look up the key of the id in the receipt (appendix B).
 */
export function messageIdKey(
  id: string,
  from: 'response' | 'receipt',
  rule: MessageIdRule,
): string {
  if (id.length > ID_CHARACTERS_MAX) return id
  if (isNumeric(rule)) return valueOf(id, rule[from])?.toString() ?? id
  const significant = rule.ignoreLeadingZeros ? withoutZeros(id) : id
  return rule.ignoreCase ? lowerCase(significant) : significant
}

/**
 * Whether a receipt (SMPP 3.4 appendix B) is about the message of a submit_sm_resp (§4.4.2). Ids
 * that are equal always match.
 */
export function isSameMessageId(
  responseId: string,
  receiptId: string,
  rule: MessageIdRule,
): boolean {
  return (
    responseId === receiptId ||
    messageIdKey(responseId, 'response', rule) === messageIdKey(receiptId, 'receipt', rule)
  )
}

function isNumeric(rule: MessageIdRule): boolean {
  return rule.response !== undefined && rule.receipt !== undefined
}

function valueOf(id: string, notation: MessageIdRule['response']): bigint | undefined {
  if (notation === 'hex') return /^[0-9a-f]+$/i.test(id) ? BigInt(`0x${id}`) : undefined
  return /^[0-9]+$/.test(id) ? BigInt(id) : undefined
}

/** Removes leading zeros but keeps the last digit: an id of zeros becomes `0`. */
function withoutZeros(id: string): string {
  return id.replace(/^0+(?=.)/, '')
}

function widthsOf(digits: string): string[] {
  return [digits, ...PADDED_DIGITS.map((width) => digits.padStart(width, '0'))]
}

function casesOf(id: string): string[] {
  return [id, lowerCase(id), id.replace(/[a-z]/g, (letter) => letter.toUpperCase())]
}

/**
 * Changes only ASCII letters. Ids are ASCII (SMPP 3.4 §3.1), and some letters of Latin-1, such as
 * `µ`, have no capital in Latin-1.
 */
function lowerCase(id: string): string {
  return id.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}
