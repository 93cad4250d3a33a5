import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { lettersText, letterText, queuesText, redrivenText } from './queueText.ts'

const letter = {
  id: '17',
  queue: 'dlr',
  at: '2026-12-01T08:00:00.000Z',
  reason: 'harm',
  receives: 1,
  octets: 1234,
}

function linesOf(text: string): string[] {
  return stripVTControlCharacters(text).split('\n')
}

test('queues are listed with their depths, and empty queues without an age', () => {
  const queue = { envelopes: 0, messages: 0, oldestAgeSeconds: 0, deadLetters: 1 }
  const busy = { envelopes: 1200, messages: 3000, oldestAgeSeconds: 4, deadLetters: 0 }
  expect(
    linesOf(
      queuesText([
        { ...queue, queue: 'dlr' },
        { ...busy, queue: 'journal' },
      ]),
    ),
  ).toEqual([
    'QUEUE    ENVELOPES  MESSAGES  OLDEST  DEAD LETTERS',
    'dlr      0          0                 1',
    'journal  1,200      3,000     4.0 s   0',
    '',
  ])
  expect(queuesText([])).toBe('All queues are empty, and there are no dead letters.\n')
})

test('dead letters are listed with the command that continues the list', () => {
  expect(linesOf(lettersText({ deadLetters: [letter], next: '17' }))).toEqual([
    'ID  SET ASIDE                 QUEUE  RECEIVES  OCTETS  REASON',
    '17  2026-12-01T08:00:00.000Z  dlr    1         1,234   harm',
    'There are older ones. To continue, repeat the command with --cursor 17',
    '',
  ])
  expect(lettersText({ deadLetters: [] })).toBe('No dead letters.\n')
})

test('a readable dead letter is shown with its items, without empty columns', () => {
  const item = { kind: 'receipt', connector: 'north', upstreamId: 'UP-1' }
  const content = { kind: 'receipts', count: 2, items: [item] }
  expect(linesOf(letterText({ ...letter, receives: 3, content }))).toEqual([
    'dead letter 17 of dlr',
    '  set aside  2026-12-01T08:00:00.000Z, received 3 times',
    '  reason     harm',
    '  payload    1,234 octets, 2 receipts; only 1 shown',
    '',
    'ITEM     CONNECTOR  UPSTREAM ID',
    'receipt  north      UP-1',
    '',
  ])
  const envelope = { kind: 'envelope', envelopeId: 'E', count: 1, items: [item] }
  expect(letterText({ ...letter, content: envelope })).toContain('envelope E with 1 message\n')
})

test('an unreadable dead letter is shown with the error and its first octets', () => {
  const content = { kind: 'unreadable', error: 'no', firstOctets: '6761', count: 0, items: [] }
  expect(linesOf(letterText({ ...letter, content }))).toEqual([
    'dead letter 17 of dlr',
    '  set aside  2026-12-01T08:00:00.000Z, received once',
    '  reason     harm',
    '  payload    1,234 octets, unreadable: no',
    '  begins     6761',
    '',
  ])
})

test('a redrive is reported with the refused dead letters and the error that ended it', () => {
  expect(redrivenText({ redriven: 1, kept: [] })).toBe('1 dead letter is back on its queue.\n')
  const kept = [{ id: '17', detail: 'it is missing' }]
  expect(redrivenText({ redriven: 2, kept, stopped: 'away' })).toBe(
    '2 dead letters are back on their queues.\n' +
      '17 was not redriven: it is missing\n' +
      'Stopped by an error; try again: away\n',
  )
})
