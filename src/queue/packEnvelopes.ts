import { uuidv7 } from 'uuidv7'
import {
  encodeEnvelope,
  ENVELOPE_MAX_OCTETS,
  ENVELOPE_MESSAGE_OVERHEAD_OCTETS,
  submitQueue,
} from './envelopeWire.ts'
import type { Lane } from '../message/lane.ts'
import type { Envelope } from './envelopeWire.ts'
import type { EnvelopeMessage } from '../message/messageWire.ts'
import { JOURNAL_QUEUE } from '../message/journalWire.ts'
import type { Publication } from './queue.ts'

/** A message with its connector and lane, which determine its queue. */
export interface Addressed {
  message: EnvelopeMessage
  connector: string
  lane: Lane
}

/**
 * An envelope holds at most the messages that its connector submits in this time, so that a worker
 * finishes the envelope quickly.
 */
const PACE_SECONDS = 2

/**
 * The maximum number of messages in one envelope, at least 1.
 *
 * @param pace the pace of the envelope's connector, in messages per second
 */
export function envelopeMessagesMax(pace: number): number {
  return Math.max(1, Math.floor(pace * PACE_SECONDS))
}

/**
 * Packs messages into envelopes, in the order given. The messages of an envelope share a connector
 * and a lane. Each envelope is published twice with the same octets: on its submit queue, and on
 * the journal, to record that its messages were accepted.
 *
 * @param paceOf the pace of a connector, in messages per second
 */
export function packEnvelopes(
  messages: readonly Addressed[],
  paceOf: (connector: string) => number,
): Publication[] {
  const publications: Publication[] = []
  const open = new Map<string, { envelope: Envelope; octets: number; max: number }>()
  for (const { message, connector, lane } of messages) {
    const queue = submitQueue(connector, lane)
    const octets = message.body.length + ENVELOPE_MESSAGE_OVERHEAD_OCTETS
    let filling = open.get(queue)
    if (
      filling &&
      (filling.octets + octets > ENVELOPE_MAX_OCTETS ||
        filling.envelope.messages.length >= filling.max)
    ) {
      publications.push(...publish(queue, filling.envelope))
      filling = undefined
    }
    if (!filling) {
      const envelope: Envelope = { envelopeId: uuidv7(), connector, lane, messages: [] }
      const max = envelopeMessagesMax(paceOf(connector))
      filling = { envelope, octets: 0, max }
      open.set(queue, filling)
    }
    filling.envelope.messages.push(message)
    filling.octets += octets
  }
  for (const [queue, { envelope }] of open) publications.push(...publish(queue, envelope))
  return publications
}

function publish(queue: string, envelope: Envelope): Publication[] {
  const payload = encodeEnvelope(envelope)
  const messages = envelope.messages.length
  return [
    { queue, payload, messages },
    { queue: JOURNAL_QUEUE, payload, messages },
  ]
}
