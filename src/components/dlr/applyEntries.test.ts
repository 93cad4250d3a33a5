import { expect, test } from 'vitest'
import type { QueueEntry } from '../../queue/queue.ts'
import { QueryRefused, StoreUnavailable } from '../../database/database.ts'
import { NewerVersion } from '../../message/msgpackWire.ts'
import { applyEntries } from './applyEntries.ts'

/**
 * A fake reader of envelopes whose items are words. `apply` refuses the word `poison` with the
 * error that the database would report. `read` throws for the payload `garbage`, and throws
 * NewerVersion for the payload `newer`. `applied` and `batches` record what `apply` received.
 */
function readerOf(failure?: Error) {
  const applied = new Set<string>()
  const batches: number[] = []
  return {
    applied,
    batches,
    reader: {
      octetsOf: (item: string) => item.length,
      read: (payload: Buffer) => {
        const text = payload.toString()
        if (text === 'garbage') throw new Error('unreadable')
        if (text === 'newer') throw new NewerVersion('version 99')
        return text.split(' ')
      },
      apply: async (items: readonly string[]) => {
        if (failure) throw failure
        if (items.includes('poison')) throw new QueryRefused('a NUL', '22021', { cause: undefined })
        for (const item of items) applied.add(item)
        batches.push(items.length)
      },
    },
  }
}

function entry(text: string): QueueEntry {
  return { id: text, queue: 'dlr', payload: Buffer.from(text), receives: 1 }
}

function unexpected(error: Error): never {
  return expect.fail(error.message)
}

test('an envelope of a newer release is retried, and the other envelopes are applied', async () => {
  const { applied, reader } = readerOf()
  const reported: string[] = []
  const entries = ['a', 'newer', 'b'].map(entry)
  const settlements = await applyEntries(reader, entries, ({ message }) => reported.push(message))
  expect(settlements).toEqual([
    { kind: 'done' },
    { kind: 'retry', delayMs: 15_000 },
    { kind: 'done' },
  ])
  expect([...applied]).toEqual(['a', 'b'])
  expect(reported).toEqual(['version 99'])
})

test('an envelope with a bad item is set aside after its other items are applied', async () => {
  const { applied, reader } = readerOf()
  const texts = ['a b', 'c poison d', 'garbage', 'e']
  const settlements = await applyEntries(reader, texts.map(entry), unexpected)
  expect(settlements).toMatchObject([
    { kind: 'done' },
    { kind: 'dead', reason: expect.stringContaining('1 of 3') },
    { kind: 'dead', reason: expect.stringContaining('unreadable') },
    { kind: 'done' },
  ])
  expect([...applied].toSorted().join('')).toBe('abcde')
})

test('entries with 250 messages of 40 KB are applied in batches of at most 2 MiB', async () => {
  const { applied, batches, reader } = readerOf()
  const text = (entryIndex: number) =>
    Array.from({ length: 250 }, (_, index) => `${entryIndex}-${index}`.padEnd(40_000, '.')).join(
      ' ',
    )
  const settlements = await applyEntries(reader, [entry(text(1)), entry(text(2))], unexpected)
  expect(settlements).toEqual([{ kind: 'done' }, { kind: 'done' }])
  expect(applied.size).toBe(500)
  expect(Math.max(...batches) * 40_000).toBeLessThanOrEqual(2 * 1_024 * 1_024)
})

test('no envelope is set aside after a temporary error', async () => {
  for (const failure of [
    new StoreUnavailable('away'),
    new QueryRefused('schema is older', '42703', { cause: undefined }),
    new QueryRefused('lock timeout', '55P03', { cause: undefined }),
    new Error('anything'),
  ]) {
    const { reader } = readerOf(failure)
    await expect(applyEntries(reader, [entry('a')], unexpected)).rejects.toThrow(failure.message)
  }
})
