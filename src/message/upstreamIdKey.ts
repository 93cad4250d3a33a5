import { messageIdKey, type MessageIdRule } from '../smpp/receipts/messageId.ts'
import type { UpstreamId } from './ids.ts'

/** When the id of a receipt is that of a submit_sm_resp, on one connector. */
export interface UpstreamIdRule extends MessageIdRule {
  /** The SMSC counts for each bind on its own: an id means something on its bind only. */
  readonly perBind?: boolean
}

/** An id of an SMSC as events and receipts carry it. */
export interface CarriedId {
  readonly upstreamId: UpstreamId
  /** Where the connector's rule makes something else of it. */
  readonly idKey?: string
}

/**
 * The id with the key that its connector's rule makes of it. By the key it is stored and looked up;
 * no id has no key.
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

/** '' matches nothing. */
export function upstreamIdKey({ upstreamId, idKey }: CarriedId): string {
  return idKey ?? upstreamId
}
