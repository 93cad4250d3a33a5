import { expect, test } from 'vitest'
import type { QueueEntry } from '../../queue/queue.ts'
import { QueryRefused, StoreUnavailable } from '../../database/database.ts'
import { applyEntries, doesHarm } from './applyEntries.ts'

/** Envelopes of words; `poison` is refused by the database, `garbage` cannot be read. */
function readerOf(failure?: Error) {
  const applied = new Set<string>()
  return {
    applied,
    reader: {
      read: (payload: Buffer) => {
        const text = payload.toString()
        if (text === 'garbage') throw new Error('unreadable')
        return text.split(' ')
      },
      apply: async (items: readonly string[]) => {
        if (failure) throw failure
        if (items.includes('poison')) throw new QueryRefused('a NUL', '22021', { cause: undefined })
        for (const item of items) applied.add(item)
      },
    },
  }
}

function entry(text: string): QueueEntry {
  return { id: text, queue: 'dlr', payload: Buffer.from(text), receives: 1 }
}

test('only the envelope with the culprit is set aside, and the rest of it is applied', async () => {
  const { applied, reader } = readerOf()
  const texts = ['a b', 'c poison d', 'garbage', 'e']
  const settlements = await applyEntries(reader, texts.map(entry))
  expect(settlements).toMatchObject([
    { kind: 'done' },
    { kind: 'dead', reason: expect.stringContaining('1 of 3') },
    { kind: 'dead', reason: expect.stringContaining('unreadable') },
    { kind: 'done' },
  ])
  expect([...applied].join('')).toBe('abcde')
})

test('trouble that may pass sets nothing aside', async () => {
  for (const failure of [
    new StoreUnavailable('away'),
    new QueryRefused('schema is older', '42703', { cause: undefined }),
    new QueryRefused('a lock was not to be had in time', '55P03', { cause: undefined }),
    new Error('anything'),
  ]) {
    const { reader } = readerOf(failure)
    await expect(applyEntries(reader, [entry('a')])).rejects.toThrow(failure.message)
  }
})

test.each([
  ['21000', true],
  ['22021', true],
  ['22008', true],
  ['23502', true],
  ['44000', true],
  ['54000', true],
  ['08006', false],
  ['0A000', false],
  ['25P02', false],
  ['40001', false],
  ['40P01', false],
  ['42703', false],
  ['42P01', false],
  ['53100', false],
  ['55P03', false],
  ['57014', false],
  ['58030', false],
  ['XX000', false],
])('SQLSTATE %s is the fault of what was to be written: %s', (sqlState, isHarm) => {
  expect(doesHarm(new QueryRefused('refused', sqlState, { cause: undefined }))).toBe(isHarm)
})
