import { isDeepStrictEqual } from 'node:util'
import { setTimeout as delay } from 'node:timers/promises'
import type { AdminClient } from './adminClient.ts'
import { CliError } from './cliError.ts'
import {
  type ConnectorStatus,
  connectorStatusSchema,
  messagesText,
  ownWords,
  stateText,
} from './connectorStatus.ts'

export interface WaitingProgress {
  /** The stream that shows progress; undefined for scripts. */
  readonly output: Pick<NodeJS.WritableStream, 'write'> | undefined
  readonly intervalMs?: number
  readonly now?: () => number
}

const INTERVAL_MS = 500
/**
 * How many times in a row the connector must be found empty. Routers take up to a second to apply a
 * change to a connector, and messages may arrive until they have applied it. The checks are
 * therefore spread over more than a second.
 */
const EMPTY_LOOKS = 4
/**
 * The wait fails if no message leaves for this long. The limit must exceed 90 s, because the
 * messages of a dead worker may stay leased for that long.
 */
const STILL_MS_MAX = 180_000

/**
 * Resolves when no messages are waiting for the connector. Rejects if the connector is changed in
 * the meantime, or if no message leaves the connector for three minutes.
 */
export async function untilNoneWaits(
  admin: Pick<AdminClient, 'get'>,
  { id, state, waiting }: Pick<ConnectorStatus, 'id' | 'state' | 'waiting'>,
  { output, intervalMs = INTERVAL_MS, now = () => performance.now() }: WaitingProgress,
): Promise<void> {
  let emptyLooks = 0
  let fewest = Number.POSITIVE_INFINITY
  let fewestAtMs = now()
  while (emptyLooks < EMPTY_LOOKS) {
    const { body } = await admin.get(`/connector-status/${encodeURIComponent(id)}`).catch(ownWords)
    const status = connectorStatusSchema.parse(body)
    const { waitingMessages } = status
    if (status.state !== state || !isDeepStrictEqual(status.waiting, waiting))
      throw stopped(output, 'CHANGED', `somebody changed connector ${id}`, status)
    if (waitingMessages < fewest) {
      fewest = waitingMessages
      fewestAtMs = now()
    }
    if (waitingMessages > 0 && now() - fewestAtMs >= STILL_MS_MAX)
      throw stopped(
        output,
        'STILL_WAITING',
        `no message has left connector ${id} for three minutes`,
        status,
      )
    emptyLooks = waitingMessages === 0 ? emptyLooks + 1 : 0
    output?.write(`\r\x1b[K  ${messagesText(waitingMessages)} left`)
    if (emptyLooks < EMPTY_LOOKS) await delay(intervalMs)
  }
  output?.write('\r\x1b[K')
}

function stopped(
  output: WaitingProgress['output'],
  code: string,
  why: string,
  status: ConnectorStatus,
): CliError {
  output?.write('\r\x1b[K')
  const left = messagesText(status.waitingMessages)
  const verb = status.waitingMessages === 1 ? 'waits' : 'wait'
  return new CliError(`${why}: it is ${stateText(status)} now, and ${left} still ${verb} for it`, {
    code,
  })
}
