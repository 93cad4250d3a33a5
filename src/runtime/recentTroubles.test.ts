import { expect, test } from 'vitest'
import { RecentTroubles } from './recentTroubles.ts'

test('the latest texts come first, and texts that differ only in numbers share an entry', () => {
  let nowMs = 0
  const troubles = new RecentTroubles(() => nowMs)
  troubles.note('warn', 'connector north: no answer after 30 ms')
  troubles.note('error', 'the disk is full')
  nowMs = 1_000
  troubles.note('warn', 'connector north: no answer after 45 ms')
  expect(troubles.list()).toEqual([
    {
      text: 'connector north: no answer after 45 ms',
      level: 'warn',
      count: 2,
      lastAt: '1970-01-01T00:00:01.000Z',
    },
    { text: 'the disk is full', level: 'error', count: 1, lastAt: '1970-01-01T00:00:00.000Z' },
  ])
})

test('the last ten texts are kept, each cut to 200 characters', () => {
  const troubles = new RecentTroubles()
  for (const letter of 'abcdefghijkl') troubles.note('warn', letter.repeat(300))
  const texts = troubles.list().map(({ text }) => text)
  expect(texts.map((text) => text[0]).join('')).toBe('lkjihgfedc')
  expect(texts.every((text) => text.length === 200)).toBe(true)
})
