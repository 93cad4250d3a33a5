import { setTimeout as delay } from 'node:timers/promises'
import type { AdminClient } from './adminClient.ts'
import { connectorStatusSchema, messagesText, ownWords } from './connectorStatus.ts'

export interface WaitingProgress {
  /** Where progress is shown; undefined for scripts. */
  readonly output: Pick<NodeJS.WritableStream, 'write'> | undefined
  readonly intervalMs?: number
}

const INTERVAL_MS = 500
/**
 * Routers follow a change within a second, so a message may still arrive in that time. The
 * connector has to be empty for longer than that.
 */
const EMPTY_LOOKS = 4

/** Resolves once no message waits for the connector any more. */
export async function untilNoneWaits(
  admin: Pick<AdminClient, 'get'>,
  id: string,
  { output, intervalMs = INTERVAL_MS }: WaitingProgress,
): Promise<void> {
  let emptyLooks = 0
  for (;;) {
    const { body } = await admin.get(`/connector-status/${encodeURIComponent(id)}`).catch(ownWords)
    const { waitingMessages } = connectorStatusSchema.parse(body)
    emptyLooks = waitingMessages === 0 ? emptyLooks + 1 : 0
    output?.write(`\r\x1b[K  ${messagesText(waitingMessages)} left`)
    if (emptyLooks === EMPTY_LOOKS) break
    await delay(intervalMs)
  }
  output?.write('\r\x1b[K')
}
