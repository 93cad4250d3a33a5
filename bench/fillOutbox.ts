import type { Database } from '../src/database/database.ts'
import { newMessageId } from '../src/message/ids.ts'
import { addToOutbox } from '../src/outbox/outboxTable.ts'
import { typicalSubmits } from './typicalSubmits.ts'

const BATCH = 2_000
const LIFETIME_MS = 7 * 24 * 3_600_000
/** A submit_sm serves as the deliver_sm, because a receipt has about the same length. */
const [DELIVER_SM = Buffer.alloc(0)] = typicalSubmits(1)

/** Inserts pending deliveries for one user, with the statement that the dlr-processor uses. */
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
