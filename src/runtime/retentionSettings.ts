// The settings for how long finished data stays in the database. docs/retention.md explains them to
// operators.

import { integer, type Setting } from './setting.ts'

/** The retention periods in days. 0 keeps the data forever. */
export interface RetentionConfig {
  readonly retainMessagesDays: number
  readonly retainAcknowledgedDays: number
  readonly retainUndeliveredDays: number
  readonly retainDeadLettersDays: number
  readonly retainTombstonesDays: number
}

export const retentionSettings = {
  retainMessagesDays: days(90, {
    name: 'SIGNALBOX_RETAIN_MESSAGES_DAYS',
    explanation: 'how long messages and their states are kept',
  }),
  retainAcknowledgedDays: days(30, {
    name: 'SIGNALBOX_RETAIN_ACKNOWLEDGED_DAYS',
    explanation: 'how long the records of acknowledged receipts are kept, for `signalbox trace`',
  }),
  retainUndeliveredDays: days(30, {
    name: 'SIGNALBOX_RETAIN_UNDELIVERED_DAYS',
    explanation: 'how long receipts that a customer refused or never received are kept',
  }),
  retainDeadLettersDays: days(90, {
    name: 'SIGNALBOX_RETAIN_DEAD_LETTERS_DAYS',
    explanation: 'how long dead letters are kept',
  }),
  retainTombstonesDays: days(90, {
    name: 'SIGNALBOX_RETAIN_TOMBSTONES_DAYS',
    explanation: 'how long the marks of deleted accounts, users, connectors and routes are kept',
  }),
} satisfies { readonly [K in keyof RetentionConfig]: Setting<RetentionConfig[K]> }

function days(
  fallback: number,
  words: { name: string; explanation: string },
): Setting<number, 'workers'> {
  const max = 36_500
  return integer(
    fallback,
    { min: 0, max },
    {
      ...words,
      explanation: `${words.explanation}; 0 keeps them forever`,
      readBy: ['workers'],
      unit: 'days',
      example: String(fallback),
    },
  )
}
