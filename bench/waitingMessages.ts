import { newMessageId } from '../src/message/ids.ts'
import type { EnvelopeMessage } from '../src/message/messageWire.ts'
import { typicalSubmits } from './typicalSubmits.ts'

const HEADER_OCTETS = 16
const LIFETIME_MS = 48 * 3_600_000
const BODIES = typicalSubmits(1_000).map((pdu) => pdu.subarray(HEADER_OCTETS))

/** Messages of one account, in the form in which a router packs them into an envelope. */
export function waitingMessages(count: number): EnvelopeMessage[] {
  const acceptedAtMs = Date.now()
  return Array.from({ length: count }, (_, index) => ({
    messageId: newMessageId(),
    account: 'patient',
    user: 'patient',
    acceptedAtMs,
    attempts: 0,
    body: BODIES[index % BODIES.length] ?? Buffer.alloc(0),
    registeredDelivery: 1,
    expiresAtMs: acceptedAtMs + LIFETIME_MS,
  }))
}
