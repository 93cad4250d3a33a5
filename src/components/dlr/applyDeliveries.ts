// Applies envelopes in batches, and when one of them does harm finds out which: the batch is
// halved, then the envelope's items go one by one. Only an envelope that holds a culprit is set
// aside, with everything else in it applied (applying again changes nothing). Trouble that may
// pass, whatever it is called, is nobody's fault: it is thrown, and the envelopes come again.

import type { Delivery, QueueVerdict } from '../../queue/queue.ts'
import { PduError } from '../../smpp/index.ts'
import { QueryRefused } from '../../database/database.ts'

export interface Reader<Item> {
  /** Throws on what cannot be read. */
  read: (payload: Buffer) => Item[]
  apply: (items: readonly Item[]) => Promise<void>
}

const DONE: QueueVerdict = { kind: 'done' }

export async function applyDeliveries<Item>(
  reader: Reader<Item>,
  deliveries: readonly Delivery[],
): Promise<QueueVerdict[]> {
  const readings = deliveries.map(({ payload }) => readingOf(reader, payload))
  const readable = readings.flatMap((reading) => (reading.kind === 'items' ? [reading] : []))
  const verdicts = await applyReadings(
    reader,
    readable.map(({ items }) => items),
  )
  return readings.map((reading) =>
    reading.kind === 'items'
      ? (verdicts.shift() ?? DONE)
      : { kind: 'dead', reason: reading.reason },
  )
}

type Reading<Item> = { kind: 'items'; items: Item[] } | { kind: 'unreadable'; reason: string }

function readingOf<Item>(reader: Reader<Item>, payload: Buffer): Reading<Item> {
  try {
    return { kind: 'items', items: reader.read(payload) }
  } catch (error) {
    return { kind: 'unreadable', reason: String(error) }
  }
}

async function applyReadings<Item>(
  reader: Reader<Item>,
  envelopes: readonly Item[][],
): Promise<QueueVerdict[]> {
  try {
    await reader.apply(envelopes.flat())
    return envelopes.map(() => DONE)
  } catch (error) {
    if (!doesHarm(error)) throw error
    const [only] = envelopes
    if (only && envelopes.length === 1) return [await applyOneByOne(reader, only)]
    const half = Math.ceil(envelopes.length / 2)
    return [
      ...(await applyReadings(reader, envelopes.slice(0, half))),
      ...(await applyReadings(reader, envelopes.slice(half))),
    ]
  }
}

async function applyOneByOne<Item>(
  reader: Reader<Item>,
  items: readonly Item[],
): Promise<QueueVerdict> {
  const reasons: string[] = []
  for (const item of items) {
    try {
      await reader.apply([item])
    } catch (error) {
      if (!doesHarm(error)) throw error
      reasons.push(String(error))
    }
  }
  const [first] = reasons
  if (first === undefined) return DONE
  return { kind: 'dead', reason: `${reasons.length} of ${items.length}: ${first}` }
}

/** Octets that have no encoding, or values that the database refuses: classes 22 and 23. */
export function doesHarm(error: unknown): boolean {
  if (error instanceof PduError) return true
  if (!(error instanceof QueryRefused)) return false
  return error.sqlState.startsWith('22') || error.sqlState.startsWith('23')
}
