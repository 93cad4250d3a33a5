import type { Database } from '../src/database/database.ts'
import { putLater } from '../src/message/waitingMessageTable.ts'
import { encodeEnvelope, submitQueue } from '../src/queue/envelopeWire.ts'
import { waitingMessages } from './waitingMessages.ts'

const BATCH = 5_000
const LANE = 'normal'

/** Inserts messages that wait for another attempt on a connector, one row each, as workers do. */
export async function fillWaiting(
  { run }: Database,
  connector: string,
  count: number,
  dueInMs: number,
): Promise<void> {
  const queue = submitQueue(connector, LANE)
  for (let left = count; left > 0; left -= BATCH) {
    const messages = waitingMessages(Math.min(BATCH, left))
    const nowMs = Date.now()
    const entries = messages.map((message) => {
      const envelopeId: string = message.messageId
      const payload = encodeEnvelope({ envelopeId, connector, lane: LANE, messages: [message] })
      return { envelopeId, dueAtMs: nowMs + dueInMs, queue, payload, messages: 1 }
    })
    await putLater(run, entries, nowMs)
  }
}
