import { uuidv7 } from 'uuidv7'
import { encodeRows, ENVELOPE_MAX_OCTETS, envelopeRows, submitQueue } from './envelopeWire.ts'
import type { EnvelopeRows } from './envelopeWire.ts'
import { envelopeMessagesMax } from './packEnvelopes.ts'
import type { Publication } from './queue.ts'

/**
 * Moves the messages of these envelopes into as few envelopes as possible. The new envelopes have
 * new ids. The messages keep their order and are not re-encoded. An envelope is returned unchanged
 * if this version of Signalbox cannot read it, or if it is on a queue of another connector or lane.
 *
 * @param paceOf the pace of a connector, in messages per second
 */
export function joinEnvelopes(
  publications: readonly Publication[],
  paceOf: (connector: string) => number,
): Publication[] {
  const left: Publication[] = []
  const full: Joined[] = []
  const open = new Map<string, Joined>()
  for (const publication of publications) {
    const { payload, queue } = publication
    const envelope = envelopeRows(payload)
    if (!envelope || submitQueue(envelope.connector, envelope.lane) !== queue) {
      left.push(publication)
      continue
    }
    const { connector, lane, rows } = envelope
    const joined = open.get(queue)
    const max = envelopeMessagesMax(paceOf(connector))
    if (joined && fits(joined, publication, rows.length, max)) {
      joined.rows.push(...rows)
      joined.octets += payload.length
    } else {
      if (joined) full.push(joined)
      open.set(queue, { connector, lane, rows: [...rows], octets: payload.length })
    }
  }
  return [...[...full, ...open.values()].map(publicationOf), ...left]
}

interface Joined extends EnvelopeRows {
  readonly rows: unknown[]
  /** An upper bound of the encoded size. It includes the headers of all joined payloads. */
  octets: number
}

function fits(joined: Joined, { payload }: Publication, messages: number, max: number): boolean {
  return (
    joined.octets + payload.length <= ENVELOPE_MAX_OCTETS && joined.rows.length + messages <= max
  )
}

function publicationOf(joined: Joined): Publication {
  const { connector, lane, rows } = joined
  return {
    queue: submitQueue(connector, lane),
    payload: encodeRows(uuidv7(), joined),
    messages: rows.length,
  }
}
