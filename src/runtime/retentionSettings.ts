// How long what is over stays in the database. docs/retention.md is the operator's view.

import { integer, type Setting } from './setting.ts'

/** In days; 0 keeps for ever. */
export interface RetentionConfig {
  readonly retainMessagesDays: number
  readonly retainAcknowledgedDays: number
  readonly retainUndeliveredDays: number
  readonly retainDeadLettersDays: number
  readonly retainTombstonesDays: number
}

export const retentionSettings: {
  readonly [K in keyof RetentionConfig]: Setting<RetentionConfig[K]>
} = {
  retainMessagesDays: days(90, {
    name: 'SIGNALBOX_RETAIN_MESSAGES_DAYS',
    explanation: 'workers: how long messages and their states are kept',
  }),
  retainAcknowledgedDays: days(30, {
    name: 'SIGNALBOX_RETAIN_ACKNOWLEDGED_DAYS',
    explanation: 'workers: how long a trace shows that a customer acknowledged a receipt',
  }),
  retainUndeliveredDays: days(30, {
    name: 'SIGNALBOX_RETAIN_UNDELIVERED_DAYS',
    explanation: 'workers: how long deliveries are kept that a customer refused or never took',
  }),
  retainDeadLettersDays: days(90, {
    name: 'SIGNALBOX_RETAIN_DEAD_LETTERS_DAYS',
    explanation: 'workers: how long dead letters are kept',
  }),
  retainTombstonesDays: days(90, {
    name: 'SIGNALBOX_RETAIN_TOMBSTONES_DAYS',
    explanation: 'workers: how long the marks of deleted accounts, users and the like are kept',
  }),
}

function days(fallback: number, words: { name: string; explanation: string }): Setting<number> {
  const max = 36_500
  return integer(
    fallback,
    { min: 0, max },
    {
      ...words,
      explanation: `${words.explanation}; 0 is for ever`,
      expected: `days, a whole number from 0 to ${max}`,
      example: String(fallback),
    },
  )
}
