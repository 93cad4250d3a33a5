import { isDeepStrictEqual } from 'node:util'
import { orderedListChanges } from './orderedListChanges.ts'
import { HIDDEN } from './resourceKind.ts'
import type { ResourceKind } from './resourceKind.ts'

/** A changed field of a resource. An added field has no `from`, and a removed field has no `to`. */
export interface FieldChange {
  readonly path: string
  readonly from?: unknown
  readonly to?: unknown
}

type Traits = Pick<ResourceKind, 'secrets' | 'orderedLists'>

const SET = '(set)'
const CHANGED = '(changed)'

/** Lists which fields of a resource differ before and after a change. Secrets are never shown. */
export function fieldChanges(
  kind: Traits,
  before: object | undefined,
  after: object,
): FieldChange[] {
  const from = new Map<string, unknown>(Object.entries(before ?? {}))
  const to = new Map<string, unknown>(Object.entries(after))
  const secrets = new Map(Object.entries<string>(kind.secrets ?? {}))
  const keys = new Set([...to.keys(), ...from.keys()])
  keys.delete('id')
  return [...keys].flatMap((key) => {
    const [was, is] = [from.get(key), to.get(key)]
    if (isDeepStrictEqual(was, is)) return []
    const secret = secrets.get(key)
    if (secret) return [secretChange(secret, was, is)]
    const entries = entryChanges(kind, key, before, after)
    return entries.length > 0 ? entries : [change(key, was, is)]
  })
}

function change(path: string, from: unknown, to: unknown): FieldChange {
  return { path, ...(from !== undefined && { from }), ...(to !== undefined && { to }) }
}

function secretChange(path: string, was: unknown, is: unknown): FieldChange {
  // A reference to a secret, { env: NAME } or { file: NAME }, is not secret and is shown.
  const from = typeof was === 'string' ? HIDDEN : was
  const to = was === undefined ? SET : CHANGED
  return change(path, from, typeof is === 'string' ? to : is)
}

/** Returns the changed entries of an ordered list. Empty if the field is not an ordered list. */
function entryChanges(
  kind: Traits,
  field: string,
  before: object | undefined,
  after: object,
): FieldChange[] {
  const was = before && kind.orderedLists?.(before)[field]
  return orderedListChanges(field, was ?? [], kind.orderedLists?.(after)[field] ?? [])
}
