import { expect, test } from 'vitest'
import { SharingMapDraft } from './sharingMap.ts'

/** Enough entries for several levels of branches. */
const MANY = 20_000

function filled(count: number): SharingMapDraft<{ at: number }> {
  const draft = new SharingMapDraft<{ at: number }>()
  for (let at = 0; at < count; at++) draft.set(`key-${at}`, { at })
  return draft
}

test('a map of any size contains the entries that were set', () => {
  for (const count of [0, 1, 64, 65, 5_000]) {
    const map = filled(count).finish()
    expect(map.size).toBe(count)
    expect(new Set(map.keys()).size).toBe(count)
    for (let at = 0; at < count; at++) expect(map.get(`key-${at}`)?.at).toBe(at)
    expect(map.has('other')).toBe(false)
  }
})

test('a finished map never changes', () => {
  const draft = filled(MANY)
  const before = draft.finish()
  draft.set('key-7', { at: -1 })
  draft.delete('key-8')
  draft.set('new', { at: -2 })
  const after = draft.finish()
  expect(before.get('key-7')).toEqual({ at: 7 })
  expect(before.get('key-8')).toEqual({ at: 8 })
  expect(before.has('new')).toBe(false)
  expect(before.size).toBe(MANY)
  expect([after.get('key-7'), after.get('key-8'), after.get('new')]).toEqual([
    { at: -1 },
    undefined,
    { at: -2 },
  ])
  expect([...after.entries()]).toHaveLength(MANY)
})

test('finish() returns the same map if nothing has changed', () => {
  const draft = filled(3)
  const map = draft.finish()
  draft.delete('unknown')
  expect(draft.finish()).toBe(map)
  expect([...map].map(([key]) => key)).toEqual(['key-0', 'key-1', 'key-2'])
})

test('one change in a large map copies only a few entries', () => {
  const draft = filled(MANY)
  draft.finish()
  const set = Map.prototype.set
  let copied = 0
  // The constructor of Map calls set for each entry that it copies.
  Map.prototype.set = function (key: unknown, value: unknown) {
    copied++
    return set.call(this, key, value)
  }
  try {
    draft.set('key-7', { at: -1 })
  } finally {
    Map.prototype.set = set
  }
  expect(copied).toBeGreaterThan(1)
  expect(copied).toBeLessThanOrEqual(66)
})
