// Fake receivers and an in-memory outbox, for tests of OutboxDelivery.

import { onTestFinished } from 'vitest'
import { userSchema } from '../../platform/user.ts'
import { newMessageId } from '../../message/ids.ts'
import { encodeBody } from '../../smpp/index.ts'
import type { RequestOutcome, Session } from '../../smpp/index.ts'
import type { Claim, ClaimedDeliveries, OutboxDemand } from '../../outbox/outboxTable.ts'
import type { ClaimOutcome } from '../../outbox/settlementTable.ts'
import { BindRegistry } from './bindRegistry.ts'
import { OutboxDelivery, type OutboxDeliveryOptions } from './outboxDelivery.ts'

type Answer = (outcome: RequestOutcome) => void
const DELIVER_SM = encodeBody('deliver_sm', { short_message: Buffer.from('id:1 stat:DELIVRD') })

/**
 * A fake session that receives up to `windowSize` unanswered deliver_sm. `bodies` has the
 * deliver_sm received so far. The test answers the nth deliver_sm by calling the nth function in
 * `answers`.
 */
export function receiver(
  windowSize: number,
  interfaceVersion = 0x34,
  onBody: () => void = () => undefined,
) {
  const answers: Answer[] = []
  const bodies: Buffer[] = []
  let free = windowSize
  const session = {
    interfaceVersion,
    canSend: () => true,
    get windowFree() {
      return free
    },
    requestBody: (_: string, body: Buffer, onOutcome: Answer) => {
      if (free === 0) return undefined
      free--
      bodies.push(body)
      onBody()
      answers.push((outcome) => {
        free++
        onOutcome(outcome)
      })
      return bodies.length
    },
  }
  // This session has only the methods that OutboxDelivery uses.
  return { answers, bodies, session: session as unknown as Session }
}

export function response(commandStatus: number): RequestOutcome {
  const pdu = {
    command: 'deliver_sm_resp' as const,
    command_status: commandStatus,
    sequence_number: 1,
    message_id: '',
    tlvs: [],
  }
  return { kind: 'response', pdu }
}

/**
 * An in-memory outbox with `count` deliveries, in chunks of `perChunk` deliveries. It returns each
 * chunk once, and records all settlements and the number of deliveries that each claim asked for.
 */
export function outboxOf(count: number, { user = 'u', perChunk = 1 } = {}) {
  const chunks: ClaimedDeliveries[] = []
  for (let left = count; left > 0; left -= perChunk) {
    const deliveries = Array.from({ length: Math.min(perChunk, left) }, () => ({
      messageId: newMessageId(),
      deliverSm: DELIVER_SM,
    }))
    const id = String(chunks.length + 1)
    chunks.push({ id, kind: 'chunk', account: 'demo', user, attempts: 1, deliveries })
  }
  const settled: ClaimOutcome[] = []
  const claims: number[] = []
  const outbox = {
    reclaim: async () => undefined,
    claim: async (demands: readonly OutboxDemand[]): Promise<Claim> => {
      const fitting = demands.find((one) => one.user === undefined || one.user === user)
      claims.push(fitting?.room ?? 0)
      const claimed: ClaimedDeliveries[] = []
      for (let room = fitting?.room ?? 0; room > 0 && chunks[0];) {
        const [chunk] = chunks.splice(0, 1)
        if (chunk) claimed.push(chunk)
        room -= chunk?.deliveries.length ?? 0
      }
      return { claimed, unreadable: [], isComplete: true }
    },
    settle: async (outcomes: readonly ClaimOutcome[]) => void settled.push(...outcomes),
  }
  return { chunks, claims, outbox, settled }
}

export function chunkOf(user: string, count: number): ClaimedDeliveries {
  const deliveries = Array.from({ length: count }, () => ({
    messageId: newMessageId(),
    deliverSm: DELIVER_SM,
  }))
  return { id: newMessageId(), kind: 'chunk', account: 'demo', user, attempts: 1, deliveries }
}

/** Returns, for each settled chunk, how many of its deliveries had each outcome. */
export function endsOf(settled: readonly ClaimOutcome[]) {
  return settled.map(({ acknowledged, id, putBack, refused, retry }) => ({
    id,
    acknowledged: acknowledged.length,
    refused: refused.map(({ commandStatus }) => commandStatus),
    retry: retry.length,
    putBack: putBack.length,
  }))
}

export const NOTHING = { acknowledged: 0, refused: [], retry: 0, putBack: 0 }

export function deliveryFrom(
  outbox: ReturnType<typeof outboxOf>['outbox'],
  sessions: Session[],
  options: Partial<OutboxDeliveryOptions> = {},
) {
  const { binds = new BindRegistry() } = options
  const user = userSchema.parse({ id: 'u', account: 'demo', password: 'x' })
  for (const [index, session] of sessions.entries())
    binds.add({ session, user: index === 2 ? { ...user, id: 'other' } : user })
  const delivery = new OutboxDelivery({
    outbox,
    binds,
    sharesReceipts: () => false,
    responseTimeoutMs: 1000,
    onTrouble: (what, error) => {
      throw new Error(what, { cause: error })
    },
    ...options,
  })
  onTestFinished(() => delivery.stop())
  delivery.wake()
  return { binds, delivery }
}
