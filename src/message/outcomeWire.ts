// The contents of a checkpoint: the outcomes of an envelope's messages so far, and how often each
// open message was submitted without an answer.

import type { CarriedId } from './upstreamIdKey.ts'
import { carriedIdFrom } from './messageWire.ts'
import { pack, unpack } from './msgpackWire.ts'
import type { Repeats } from './repeats.ts'

type Kinds =
  | ({ kind: 'submitted'; atMs: number } & CarriedId)
  | { kind: 'failed'; atMs: number; commandStatus: number; reason: string }
  | { kind: 'deferred'; atMs: number; commandStatus: number; dueAtMs: number }
  | { kind: 'expired'; atMs: number }
  /** The message was moved to the queue of the connector `to`. */
  | { kind: 'moved'; atMs: number; to: string }

/** `repeats` is written only to the journal and not to a checkpoint. */
export type Outcome = Kinds & { repeats?: Repeats }

type Row = [index: number, kind: number, atMs: number, number: number, text: string, key?: string]
type Fields = Row extends [number, ...infer Rest] ? Rest : never
const KINDS = ['submitted', 'failed', 'deferred', 'expired', 'moved'] as const

/** @param outcomes one for each message of the envelope; undefined while a message is open */
export function encodeOutcomes(outcomes: readonly (Outcome | undefined)[]): Buffer {
  return pack(outcomes.flatMap((outcome, index) => (outcome ? [rowOf(index, outcome)] : [])))
}

/** @param checkpoint written by encodeOutcomes; empty if no outcome was recorded */
export function decodeOutcomes(checkpoint: Buffer): [index: number, outcome: Outcome][] {
  if (checkpoint.length === 0) return []
  // Written by encodeOutcomes above.
  const rows = unpack(checkpoint) as Row[]
  return rows.map(([index, ...rest]) => [index, outcomeOf(rest)])
}

/**
 * @param counts submissions without an answer, by index of the message
 * @returns an empty buffer if there are no counts
 */
export function encodeUnanswered(counts: ReadonlyMap<number, number>): Buffer {
  return counts.size === 0 ? Buffer.alloc(0) : pack([...counts])
}

export function decodeUnanswered(octets: Buffer): [index: number, count: number][] {
  // Written by encodeUnanswered above.
  return octets.length === 0 ? [] : (unpack(octets) as [number, number][])
}

function rowOf(index: number, outcome: Outcome): Row {
  const kind = KINDS.indexOf(outcome.kind)
  switch (outcome.kind) {
    case 'submitted':
      return outcome.idKey === undefined
        ? [index, kind, outcome.atMs, 0, outcome.upstreamId]
        : [index, kind, outcome.atMs, 0, outcome.upstreamId, outcome.idKey]
    case 'failed':
      return [index, kind, outcome.atMs, outcome.commandStatus, outcome.reason]
    case 'deferred':
      return [index, kind, outcome.atMs, outcome.commandStatus, String(outcome.dueAtMs)]
    case 'expired':
      return [index, kind, outcome.atMs, 0, '']
    case 'moved':
      return [index, kind, outcome.atMs, 0, outcome.to]
  }
}

function outcomeOf([kind, atMs, number, text, key]: Fields): Outcome {
  switch (KINDS[kind]) {
    case 'failed':
      return { kind: 'failed', atMs, commandStatus: number, reason: text }
    case 'deferred':
      return { kind: 'deferred', atMs, commandStatus: number, dueAtMs: Number(text) }
    case 'expired':
      return { kind: 'expired', atMs }
    case 'moved':
      return { kind: 'moved', atMs, to: text }
    default:
      return { kind: 'submitted', atMs, ...carriedIdFrom(text, key) }
  }
}
