// Names of queues on SQS. A name there has at most 80 letters, digits, hyphens and underscores (SQS
// API Reference, CreateQueue), and ours have dots. The mapping is injective: two of our names never
// become the same SQS name. Installations with different prefixes never share a queue, because a
// prefix has no underscore and ends at the first one: `submit.nl.normal` becomes
// `prod_submit__nl__normal`.

import { createHash } from 'node:crypto'

const SQS_NAME_MAX = 80
/** Leaves room for a readable beginning of a name that is too long. */
const PREFIX = /^[A-Za-z0-9-]{1,20}$/

const ESCAPED = /_(?:_|[0-9a-f]{2}|u[0-9a-f]{4})|[A-Za-z0-9-]/g
const WHOLE = new RegExp(`^(?:${ESCAPED.source})*$`)
/** No escape begins with `_h`, so a name with a digest is never the escaped form of another one. */
const DIGEST_MARK = '_h'
const DIGEST_HEX = 32
const HASHED = new RegExp(`^(?:${ESCAPED.source})*${DIGEST_MARK}[0-9a-f]{${DIGEST_HEX}}$`)

export function isSqsPrefix(prefix: string): boolean {
  return PREFIX.test(prefix)
}

/** The beginning of the SQS names of all queues of an installation. */
export function sqsNameStart(prefix: string): string {
  return `${prefix}_`
}

export function sqsNameOf(prefix: string, queue: string): string {
  const start = sqsNameStart(prefix)
  const escaped = escapeName(queue)
  if (start.length + escaped.length <= SQS_NAME_MAX) return start + escaped
  const end = DIGEST_MARK + digestOf(queue)
  return start + cut(escaped, SQS_NAME_MAX - start.length - end.length) + end
}

/** Our name of a queue on SQS. */
export type OwnName =
  | { kind: 'known'; queue: string }
  /** The name was too long, and only its digest is left. */
  | { kind: 'hashed' }
  /** The queue is not ours. */
  | { kind: 'foreign' }

export function ownNameOf(prefix: string, sqsName: string): OwnName {
  const start = sqsNameStart(prefix)
  if (!sqsName.startsWith(start)) return { kind: 'foreign' }
  const rest = sqsName.slice(start.length)
  if (HASHED.test(rest)) return { kind: 'hashed' }
  const queue = unescapeName(rest)
  // Other spellings decode to the same name, but we never write them.
  if (queue === undefined || escapeName(queue) !== rest) return { kind: 'foreign' }
  return { kind: 'known', queue }
}

/**
 * Letters, digits and hyphens stay. A dot becomes `__`, another ASCII character `_` and two
 * hexadecimal digits, and any other UTF-16 unit `_u` and four.
 */
export function escapeName(queue: string): string {
  return queue.replace(/[^A-Za-z0-9-]/g, (unit) => {
    if (unit === '.') return '__'
    const code = unit.charCodeAt(0)
    const isAscii = code < 0x80
    return (isAscii ? '_' : '_u') + code.toString(16).padStart(isAscii ? 2 : 4, '0')
  })
}

/** Undefined if `escaped` is not the result of escapeName(). */
export function unescapeName(escaped: string): string | undefined {
  if (!WHOLE.test(escaped)) return undefined
  return escaped.replace(ESCAPED, (part) => {
    if (!part.startsWith('_')) return part
    if (part === '__') return '.'
    return String.fromCharCode(Number.parseInt(part.replace(/^_u?/, ''), 16))
  })
}

function digestOf(queue: string): string {
  // UTF-16, because UTF-8 would map all lone surrogates to the same octets.
  const octets = Buffer.from(queue, 'utf16le')
  return createHash('sha256').update(octets).digest('hex').slice(0, DIGEST_HEX)
}

/** The beginning of an escaped name, without half an escape at its end. */
function cut(escaped: string, max: number): string {
  let kept = ''
  for (const [part] of escaped.matchAll(ESCAPED)) {
    if (kept.length + part.length > max) break
    kept += part
  }
  return kept
}
