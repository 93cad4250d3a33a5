import type { Database } from '../src/database/database.ts'
import { newMessageId } from '../src/message/ids.ts'
import { addToOutbox } from '../src/outbox/outboxTable.ts'
import { typicalSubmits } from './typicalSubmits.ts'

const BATCH = 2_000
const LIFETIME_MS = 7 * 24 * 3_600_000
/** A receipt is about as long as the message that it is about. */
const [DELIVER_SM = Buffer.alloc(0)] = typicalSubmits(1)

/** Puts pending deliveries for one user, as the dlr-processor does. */
export async function fillOutbox({ run }: Database, user: string, count: number): Promise<void> {
  for (let left = count; left > 0; left -= BATCH) {
    const expiresAtMs = Date.now() + LIFETIME_MS
    const entries = Array.from({ length: Math.min(BATCH, left) }, () => ({
      account: user,
      user,
      messageId: newMessageId(),
      deliverSm: DELIVER_SM,
      expiresAtMs,
    }))
    await addToOutbox(run, entries)
  }
}
