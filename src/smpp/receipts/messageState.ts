// The values of message_state (SMPP 5.0 §4.7.15) and the words for them in receipts: those of SMPP
// 3.4 appendix B, and those that SMSCs use in practice.

/**
 * The values of message_state in query_sm_resp and in receipts (SMPP 3.4 §5.2.28; SCHEDULED and
 * SKIPPED are from 5.0 §4.7.15).
 */
export const MESSAGE_STATE = {
  SCHEDULED: 0,
  ENROUTE: 1,
  DELIVERED: 2,
  EXPIRED: 3,
  DELETED: 4,
  UNDELIVERABLE: 5,
  ACCEPTED: 6,
  UNKNOWN: 7,
  REJECTED: 8,
  SKIPPED: 9,
} as const

export type MessageStateName = keyof typeof MESSAGE_STATE
export type MessageState = (typeof MESSAGE_STATE)[MessageStateName]

const ROWS: readonly { name: MessageStateName; stat: string }[] = [
  { name: 'SCHEDULED', stat: 'SCHEDLD' },
  { name: 'ENROUTE', stat: 'ENROUTE' },
  { name: 'DELIVERED', stat: 'DELIVRD' },
  { name: 'EXPIRED', stat: 'EXPIRED' },
  { name: 'DELETED', stat: 'DELETED' },
  { name: 'UNDELIVERABLE', stat: 'UNDELIV' },
  { name: 'ACCEPTED', stat: 'ACCEPTD' },
  { name: 'UNKNOWN', stat: 'UNKNOWN' },
  { name: 'REJECTED', stat: 'REJECTD' },
  { name: 'SKIPPED', stat: 'SKIPPED' },
]

/** Further words that SMSCs use. Each row of ROWS already has two words for its state. */
const SYNONYMS: Readonly<Record<string, MessageState>> = {
  DELIVERD: MESSAGE_STATE.DELIVERED,
  DELIVRED: MESSAGE_STATE.DELIVERED,
  DELVRD: MESSAGE_STATE.DELIVERED,
  DLVRD: MESSAGE_STATE.DELIVERED,
  SUCCESS: MESSAGE_STATE.DELIVERED,
  UNDELIVERED: MESSAGE_STATE.UNDELIVERABLE,
  UNDELVRD: MESSAGE_STATE.UNDELIVERABLE,
  UNDLVRD: MESSAGE_STATE.UNDELIVERABLE,
  ERROR: MESSAGE_STATE.UNDELIVERABLE,
  FAIL: MESSAGE_STATE.UNDELIVERABLE,
  FAILED: MESSAGE_STATE.UNDELIVERABLE,
  TIMEOUT: MESSAGE_STATE.EXPIRED,
  CANCELED: MESSAGE_STATE.DELETED,
  CANCELLED: MESSAGE_STATE.DELETED,
  BUFFERD: MESSAGE_STATE.ENROUTE,
  BUFFERED: MESSAGE_STATE.ENROUTE,
  BUFFRED: MESSAGE_STATE.ENROUTE,
  PENDING: MESSAGE_STATE.ENROUTE,
  QUEUED: MESSAGE_STATE.ENROUTE,
  RETRY: MESSAGE_STATE.ENROUTE,
}

const BY_WORD: ReadonlyMap<string, MessageState> = new Map([
  ...ROWS.flatMap(({ name, stat }): [string, MessageState][] => [
    [name, MESSAGE_STATE[name]],
    [stat, MESSAGE_STATE[name]],
  ]),
  ...Object.entries(SYNONYMS),
])

/**
 * Parts of words, with the state that each part indicates. An unknown word, such as `DND_REJECTED`
 * or `DeliveredToTerminal`, is searched for these parts in this order.
 */
const BY_PART: readonly [string, MessageState][] = [
  ['UNDELIV', MESSAGE_STATE.UNDELIVERABLE],
  ['NOT DELIV', MESSAGE_STATE.UNDELIVERABLE],
  ['NOT_DELIV', MESSAGE_STATE.UNDELIVERABLE],
  ['NOTDELIV', MESSAGE_STATE.UNDELIVERABLE],
  ['NONDELIV', MESSAGE_STATE.UNDELIVERABLE],
  ['REJECT', MESSAGE_STATE.REJECTED],
  ['EXPIRED', MESSAGE_STATE.EXPIRED],
  ['ESME_R', MESSAGE_STATE.UNDELIVERABLE],
  ['DELIVERED', MESSAGE_STATE.DELIVERED],
]

/** Whether the value is one of MESSAGE_STATE (SMPP 3.4 §5.2.28, 5.0 §4.7.15). */
export function isMessageState(value: number | undefined): value is MessageState {
  return value !== undefined && Number.isInteger(value) && value >= 0 && value < ROWS.length
}

/** The name of a state (SMPP 3.4 §5.2.28, 5.0 §4.7.15), such as `DELIVERED`. */
export function messageStateName(messageState: MessageState): MessageStateName {
  return ROWS[messageState]?.name ?? 'UNKNOWN'
}

/** The seven-letter word for a state after `stat:` (SMPP 3.4 appendix B), such as `DELIVRD`. */
export function statOf(messageState: MessageState): string {
  return ROWS[messageState]?.stat ?? 'UNKNOWN'
}

/**
 * The meaning of words after `stat:` on one connection. The keys are the words in capitals. These
 * meanings take precedence over the usual ones.
 */
export type MessageStateWords = ReadonlyMap<string, MessageState>

/**
 * The state for the word after `stat:` in a receipt (SMPP 3.4 appendix B), in any known spelling.
 * Returns undefined for an unknown word.
 */
export function messageStateOf(stat: string, words?: MessageStateWords): MessageState | undefined {
  const word = stat.trim().toUpperCase()
  const known = words?.get(word) ?? BY_WORD.get(word)
  if (known !== undefined) return known
  if (/^0?0?\d$/.test(word)) {
    const digit = Number(word)
    return isMessageState(digit) ? digit : undefined
  }
  return BY_PART.find(([part]) => word.includes(part))?.[1]
}

const STATS: ReadonlySet<string> = new Set(ROWS.map(({ stat }) => stat))

/**
 * Whether a word is read as a state even if the label `stat:` is missing (SMPP 3.4 appendix B).
 * This is true of the seven-letter words in capitals and of the connection's own words. All other
 * words can also be part of ordinary text.
 */
export function isBareState(word: string, words?: MessageStateWords): boolean {
  return STATS.has(word) || words?.has(word.toUpperCase()) === true
}
