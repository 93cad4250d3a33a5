import { isDeepStrictEqual } from 'node:util'
import { HIDDEN } from './resources.ts'
import type { Route } from './resources.ts'

/** A field of a resource before and after; `from` or `to` is absent when there was or is none. */
export interface FieldChange {
  readonly path: string
  readonly from?: unknown
  readonly to?: unknown
}

const SET = '(set)'
const CHANGED = '(changed)'
/** Stored names of secrets, and what people call them. */
const SECRETS = new Map([
  ['password', 'password'],
  ['passwordHash', 'password'],
  ['apiKey', 'apiKey'],
  ['apiKeyHash', 'apiKey'],
])
/** Above this many comparisons the middle of two route lists is shown as replaced. */
const LCS_CELLS_MAX = 1_000_000

/** What differs between two specs of one resource, field by field. Secrets are never shown. */
export function fieldChanges(before: object | undefined, after: object): FieldChange[] {
  const from = new Map<string, unknown>(Object.entries(before ?? {}))
  const to = new Map<string, unknown>(Object.entries(after))
  const keys = new Set([...to.keys(), ...from.keys()])
  keys.delete('id')
  return [...keys].flatMap((key) => {
    const [was, is] = [from.get(key), to.get(key)]
    if (isDeepStrictEqual(was, is)) return []
    if (key === 'routes') return routeChanges(routesOf(was), routesOf(is))
    const path = SECRETS.get(key)
    return [path ? secretChange(path, was, is) : change(key, was, is)]
  })
}

function change(path: string, from: unknown, to: unknown): FieldChange {
  return { path, ...(from !== undefined && { from }), ...(to !== undefined && { to }) }
}

function secretChange(path: string, was: unknown, is: unknown): FieldChange {
  // Where a secret is kept is no secret: { env: NAME } and { file: NAME } are shown.
  const from = typeof was === 'string' ? HIDDEN : was
  const to = was === undefined ? SET : CHANGED
  return change(path, from, typeof is === 'string' ? to : is)
}

function routesOf(value: unknown): readonly Route[] {
  // Both sides went through the schema of the route table.
  return Array.isArray(value) ? (value as Route[]) : []
}

/** Routes are an ordered list: shows which went and which came, not every index that moved. */
function routeChanges(before: readonly Route[], after: readonly Route[]): FieldChange[] {
  let start = 0
  while (start < before.length && start < after.length && same(before[start], after[start])) start++
  let [endBefore, endAfter] = [before.length, after.length]
  while (
    endBefore > start &&
    endAfter > start &&
    same(before[endBefore - 1], after[endAfter - 1])
  ) {
    endBefore--
    endAfter--
  }
  const gone = before.slice(start, endBefore)
  const come = after.slice(start, endAfter)
  const kept = keptPairs(gone, come)
  const keptGone = new Set(kept.map(([index]) => index))
  const keptCome = new Set(kept.map(([, index]) => index))
  const at = (index: number) => `routes[${start + index}]`
  return [
    ...gone.flatMap((route, index) =>
      keptGone.has(index) ? [] : [{ path: at(index), from: routeText(route) }],
    ),
    ...come.flatMap((route, index) =>
      keptCome.has(index) ? [] : [{ path: at(index), to: routeText(route) }],
    ),
  ]
}

function same(one: Route | undefined, other: Route | undefined): boolean {
  return one?.prefix === other?.prefix && one?.connector === other?.connector
}

function routeText({ prefix, connector }: Route): string {
  return `${prefix} to ${connector}`
}

/** The longest common subsequence, as pairs of indexes. */
function keptPairs(before: readonly Route[], after: readonly Route[]): [number, number][] {
  if (before.length * after.length > LCS_CELLS_MAX) return []
  const width = after.length + 1
  const lengths = new Uint32Array((before.length + 1) * width)
  const lengthAt = (one: number, other: number) => lengths[one * width + other] ?? 0
  for (let one = before.length - 1; one >= 0; one--) {
    for (let other = after.length - 1; other >= 0; other--) {
      lengths[one * width + other] = same(before[one], after[other])
        ? lengthAt(one + 1, other + 1) + 1
        : Math.max(lengthAt(one + 1, other), lengthAt(one, other + 1))
    }
  }
  const pairs: [number, number][] = []
  for (let one = 0, other = 0; one < before.length && other < after.length;) {
    if (same(before[one], after[other])) pairs.push([one++, other++])
    else if (lengthAt(one + 1, other) >= lengthAt(one, other + 1)) one++
    else other++
  }
  return pairs
}
