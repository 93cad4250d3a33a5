// Applies the envelopes of queue entries in batches. When one of them does harm, the batch is
// halved until one envelope is left, and the items of that envelope are applied one by one. Only an
// envelope that holds a culprit is set aside, after everything else in it was applied; applying an
// item again changes nothing. All other trouble may pass: it is thrown, and the entries come again.

import { isolateHarm } from '../../flow/isolateHarm.ts'
import { slicesWithin } from '../../flow/slicesWithin.ts'
import type { QueueEntry, Settlement } from '../../queue/queue.ts'
import { doesHarm } from '../doesHarm.ts'

export interface Reader<Item> {
  /** Throws if the payload cannot be read. */
  read: (payload: Buffer) => Item[]
  apply: (items: readonly Item[]) => Promise<void>
  /** Measures items, so that `apply` gets no more than MAX_OCTETS at once. */
  octetsOf: (item: Item) => number
}

/**
 * An entry may hold more than a receive is limited to: older workers put 250 messages of any size
 * into one.
 */
const MAX_OCTETS = 2 * 1_024 * 1_024

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
  const harmful = await isolateHarm(envelopes, (some) => harmOf(reader, some.flat()))
  const settlements = new Map<Item[], Settlement>()
  for (const { item } of harmful) settlements.set(item, await applyOneByOne(reader, item))
  return envelopes.map((items) => settlements.get(items) ?? DONE)
}

async function harmOf<Item>(reader: Reader<Item>, items: readonly Item[]) {
  const limits = { items: Number.POSITIVE_INFINITY, octets: MAX_OCTETS }
  try {
    for (const some of slicesWithin(items, limits, reader.octetsOf)) await reader.apply(some)
    return undefined
  } catch (error) {
    if (!doesHarm(error)) throw error
    return error
  }
}

async function applyOneByOne<Item>(
  reader: Reader<Item>,
  items: readonly Item[],
): Promise<Settlement> {
  const reasons: string[] = []
  for (const item of items) {
    const error = await harmOf(reader, [item])
    if (error) reasons.push(String(error))
  }
  const [first] = reasons
  if (first === undefined) return DONE
  return { kind: 'dead', reason: `${reasons.length} of ${items.length}: ${first}` }
}
