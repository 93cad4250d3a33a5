// Applies the envelopes of queue entries in batches. If a batch causes a permanent error
// (doesHarm.ts), it is halved repeatedly until the envelopes that cause the error are found. The
// items of such an envelope are then applied one by one. If an item still fails, the envelope
// becomes a dead letter after its other items have been applied. Applying an item twice is
// harmless. An error that may be temporary is thrown, and the entries are received again.

import { asError } from '../../flow/asError.ts'
import { isolateHarm } from '../../flow/isolateHarm.ts'
import { slicesWithin } from '../../flow/slicesWithin.ts'
import type { QueueEntry, Settlement } from '../../queue/queue.ts'
import { doesHarm } from '../doesHarm.ts'
import { newerVersionSettlement } from '../newerVersion.ts'

export interface Reader<Item> {
  /** Throws if the payload cannot be read. */
  read: (payload: Buffer) => Item[]
  apply: (items: readonly Item[]) => Promise<void>
  /** The size of an item, which is used to limit each call of `apply` to MAX_OCTETS. */
  octetsOf: (item: Item) => number
}

/**
 * The maximum size of the items in one call of `apply`. The limit is needed because one entry may
 * be larger: older workers wrote entries of 250 messages of any size.
 */
const MAX_OCTETS = 2 * 1_024 * 1_024

const DONE: Settlement = { kind: 'done' }

/**
 * Applies the entries and resolves with one settlement for each entry, in the same order. Entries
 * that a newer release wrote are reported and retried later.
 */
export async function applyEntries<Item>(
  reader: Reader<Item>,
  entries: readonly QueueEntry[],
  onNewer: (error: Error) => void,
): Promise<Settlement[]> {
  const readings = entries.map(({ payload }) => readingOf(reader, payload, onNewer))
  const readable = readings.flatMap((reading) => (reading.kind === 'items' ? [reading] : []))
  const settlements = await applyReadings(
    reader,
    readable.map(({ items }) => items),
  )
  return readings.map((reading) =>
    reading.kind === 'items' ? (settlements.shift() ?? DONE) : reading.settlement,
  )
}

type Reading<Item> =
  | { kind: 'items'; items: Item[] }
  | { kind: 'unreadable'; settlement: Settlement }

function readingOf<Item>(
  reader: Reader<Item>,
  payload: Buffer,
  onNewer: (error: Error) => void,
): Reading<Item> {
  try {
    return { kind: 'items', items: reader.read(payload) }
  } catch (error) {
    const later = newerVersionSettlement(error)
    if (later) onNewer(asError(error))
    return { kind: 'unreadable', settlement: later ?? { kind: 'dead', reason: String(error) } }
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
