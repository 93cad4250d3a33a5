import { randomUUID } from 'node:crypto'
import { newMessageId, upstreamId } from '../../message/ids.ts'
import type { SubmittedEvent } from '../../message/journalWire.ts'
import type { EnvelopeMessage } from '../../message/messageWire.ts'
import type { UpstreamReceipt } from '../../message/receiptWire.ts'
import { encodeBody, type MessageState } from '../../smpp/index.ts'

/**
 * Returns a message of a new account by default, so that the outbox of the account contains nothing
 * else.
 */
export function message(overrides: Partial<EnvelopeMessage> = {}): EnvelopeMessage {
  const body = encodeBody('submit_sm', {
    source_addr: 'shop',
    source_addr_ton: 5,
    destination_addr: '31612345678',
    dest_addr_ton: 1,
    registered_delivery: 1,
    short_message: Buffer.from('Your code is 123456. Do not share it.'),
  })
  return {
    messageId: newMessageId(),
    account: `account-${randomUUID()}`,
    user: 'demo',
    acceptedAtMs: Date.now(),
    attempts: 0,
    body,
    registeredDelivery: 1,
    ...overrides,
  }
}

export function submitted(one: EnvelopeMessage, id: string, atMs = Date.now()): SubmittedEvent {
  return {
    kind: 'submitted',
    message: one,
    connector: 'sim',
    atMs,
    upstreamId: upstreamId(id),
    segment: 0,
  }
}

export function receipt(id: string, messageState: MessageState): UpstreamReceipt {
  return {
    connector: 'sim',
    upstreamId: upstreamId(id),
    destination: '31612345678',
    messageState,
    error: '000',
    receivedAtMs: Date.now(),
    message: undefined,
  }
}
