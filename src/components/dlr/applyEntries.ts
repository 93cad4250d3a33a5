// Applies the envelopes of queue entries in batches. When one of them does harm, the batch is
// halved until one envelope is left, and the items of that envelope are applied one by one. Only an
// envelope that holds a culprit is set aside, after everything else in it was applied; applying an
// item again changes nothing. All other trouble may pass: it is thrown, and the entries come again.

import type { QueueEntry, Settlement } from '../../queue/queue.ts'
import { PduError } from '../../smpp/index.ts'
import { QueryRefused } from '../../database/database.ts'

export interface Reader<Item> {
  /** Throws if the payload cannot be read. */
  read: (payload: Buffer) => Item[]
  apply: (items: readonly Item[]) => Promise<void>
}

const DONE: Settlement = { kind: 'done' }

export async function applyEntries<Item>(
  reader: Reader<Item>,
  entries: readonly QueueEntry[],
): Promise<Settlement[]> {
  const readings = entries.map(({ payload }) => readingOf(reader, payload))
  const readable = readings.flatMap((reading) => (reading.kind === 'items' ? [reading] : []))
  const settlements = await applyReadings(
    reader,
    readable.map(({ items }) => items),
  )
  return readings.map((reading) =>
    reading.kind === 'items'
      ? (settlements.shift() ?? DONE)
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
): Promise<Settlement[]> {
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
): Promise<Settlement> {
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

/**
 * SQLSTATE classes of refusals that the same values get again, whenever they come:
 * - 21 cardinality violation: a list of values contradicts itself
 * - 22 data exception: a NUL in a text, a number or time out of range
 * - 23 integrity constraint violation: a missing value, a failed check
 * - 44 violation of a check option
 * - 54 program limit exceeded: a value too long for its index
 *
 * All others depend on more than the values, and may pass: 08 (connection), 25 (state of the
 * transaction, a failover), 40 (deadlock, serialisation), 53 (resources), 55 (a lock, an object in
 * use), 57 (an operator, a timeout), 58 and XX (the server itself). So may 0A and 42: no value
 * makes a prepared statement wrong. It does not fit the schema during a rollout, and to set
 * messages aside then would empty the queue.
 */
const HARMFUL_CLASSES = new Set(['21', '22', '23', '44', '54'])

/** Octets without an encoding, and values that the database refuses for good. */
export function doesHarm(error: unknown): boolean {
  if (error instanceof PduError) return true
  return error instanceof QueryRefused && HARMFUL_CLASSES.has(error.sqlState.slice(0, 2))
}
