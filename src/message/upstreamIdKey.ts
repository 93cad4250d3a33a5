import { messageIdKey, type MessageIdRule } from '../smpp/receipts/messageId.ts'
import type { UpstreamId } from './ids.ts'

/** How a connector matches the id in a receipt to the id in a submit_sm_resp. */
export interface UpstreamIdRule extends MessageIdRule {
  /** The SMSC numbers the messages of each bind separately, so ids are unique only per bind. */
  readonly perBind?: boolean
}

/** The message id that an SMSC assigned, in the form that events and receipts contain. */
export interface CarriedId {
  readonly upstreamId: UpstreamId
  /** The lookup key, if the connector's rule gives one that differs from the id. */
  readonly idKey?: string
}

/**
 * Adds to an id the lookup key that the connector's rule gives. Submissions are stored and found by
 * this key. An empty id gets no key.
 */
export function carriedId(
  upstreamId: UpstreamId,
  from: 'response' | 'receipt',
  rule: UpstreamIdRule,
  slot: number,
): CarriedId {
  if (upstreamId === '') return { upstreamId }
  const key = messageIdKey(upstreamId, from, rule)
  const idKey = rule.perBind ? `${slot}/${key}` : key
  return idKey === upstreamId ? { upstreamId } : { upstreamId, idKey }
}

/** The key under which a submission is stored and found. The key '' matches no submission. */
export function upstreamIdKey({ upstreamId, idKey }: CarriedId): string {
  return idKey ?? upstreamId
}
