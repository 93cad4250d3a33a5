// message_state (SMPP 5.0 §4.7.15) and the words that receipts use for it (SMPP 3.4 appendix B and
// what SMSCs write in practice).

/**
 * message_state of query_sm_resp and of receipts (SMPP 3.4 §5.2.28; SCHEDULED and SKIPPED: 5.0
 * §4.7.15).
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

/** Words of the wild beside the two that each row has. */
const SYNONYMS: readonly [string, MessageState][] = [
  ['BUFFERED', MESSAGE_STATE.ENROUTE],
  ['UNDELIVERED', MESSAGE_STATE.UNDELIVERABLE],
  ['FAILED', MESSAGE_STATE.UNDELIVERABLE],
]

const BY_WORD: ReadonlyMap<string, MessageState> = new Map([
  ...ROWS.flatMap(({ name, stat }): [string, MessageState][] => [
    [name, MESSAGE_STATE[name]],
    [stat, MESSAGE_STATE[name]],
  ]),
  ...SYNONYMS,
])

/** Asked in this order when no word fits as a whole: `DND_REJECTED`, `DeliveredToTerminal`. */
const BY_PART: readonly [string, MessageState][] = [
  ['UNDELIV', MESSAGE_STATE.UNDELIVERABLE],
  ['REJECT', MESSAGE_STATE.REJECTED],
  ['EXPIRED', MESSAGE_STATE.EXPIRED],
  ['ESME_R', MESSAGE_STATE.UNDELIVERABLE],
  ['DELIVERED', MESSAGE_STATE.DELIVERED],
]

/** Whether it is one of MESSAGE_STATE (SMPP 3.4 §5.2.28, 5.0 §4.7.15). */
export function isMessageState(value: number | undefined): value is MessageState {
  return value !== undefined && Number.isInteger(value) && value >= 0 && value < ROWS.length
}

/** Its name in the specification (SMPP 3.4 §5.2.28, 5.0 §4.7.15): `DELIVERED`. */
export function messageStateName(messageState: MessageState): MessageStateName {
  return ROWS[messageState]?.name ?? 'UNKNOWN'
}

/** The seven letters of a receipt's `stat:` (SMPP 3.4 appendix B): `DELIVRD`. */
export function statOf(messageState: MessageState): string {
  return ROWS[messageState]?.stat ?? 'UNKNOWN'
}

/**
 * The state behind a receipt's `stat:` (SMPP 3.4 appendix B) in whatever spelling; undefined when
 * it says nothing.
 */
export function messageStateOf(stat: string): MessageState | undefined {
  const word = stat.trim().toUpperCase()
  const known = BY_WORD.get(word)
  if (known !== undefined) return known
  if (/^\d$/.test(word)) {
    const digit = Number(word)
    return isMessageState(digit) ? digit : undefined
  }
  return BY_PART.find(([part]) => word.includes(part))?.[1]
}
