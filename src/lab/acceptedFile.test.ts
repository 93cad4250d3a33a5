import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { AcceptedFile, AcceptedFileError } from './acceptedFile.ts'
import type { AcceptedMessage } from './acceptedLine.ts'
import { temporaryFile } from './lab.fixture.ts'
import { readWitness } from './readWitness.ts'

const message = (n: number, receiptState: AcceptedMessage['receiptState'] = 2) => ({
  upstreamId: String(1_000_000_000 + n),
  atMs: 1_700_000_000_000 + n,
  source: 'Bank "A"',
  sourceTon: 5,
  sourceNpi: 0,
  destination: '447700900123',
  destinationTon: 1,
  destinationNpi: 1,
  text: `Code ${n}\nline — ünïcode 🎉`,
  receiptState,
})

const unasked = (n: number): AcceptedMessage => ({ ...message(n), receiptState: undefined })

const LIMITS = { setAsideOctets: 1_000, keptOctets: 1_000_000 }

function written(path: string, messages: AcceptedMessage[], receipted: number[]): void {
  const { file } = AcceptedFile.open(path, LIMITS)
  for (const one of messages) file.accepted(one)
  for (const n of receipted) file.receipted(String(1_000_000_000 + n), 0)
  file.close()
}

test('after a restart, the receipts that were not acknowledged are still owed', () => {
  const path = temporaryFile('new/folder/accepted.ndjson')
  written(path, [message(1), message(2, 5), unasked(3)], [1])
  const { file, owed, lastId } = AcceptedFile.open(path, LIMITS)
  file.close()
  expect(owed).toEqual([message(2, 5)])
  expect(lastId).toBe(1_000_000_003)
})

test('an incomplete line after a kill is removed before the next line is written', () => {
  const path = temporaryFile('accepted.ndjson')
  written(path, [message(1)], [])
  appendFileSync(path, '{"a":"1000000002","at":17000')
  written(path, [message(3)], [])
  const { file, owed } = AcceptedFile.open(path, LIMITS)
  file.close()
  expect(owed).toEqual([message(1), message(3)])
})

test('a large file is set aside, and the new file keeps the owed receipts and last id', () => {
  const path = temporaryFile('accepted.ndjson')
  const some = Array.from({ length: 20 }, (_, n) => message(n))
  const settled = Array.from({ length: 19 }, (_, n) => n)
  written(path, some, settled)
  const { file, owed, lastId } = AcceptedFile.open(path, LIMITS)
  expect(owed).toEqual([message(19)])
  expect(lastId).toBe(1_000_000_019)
  file.receipted('1000000019', 0)
  file.close()
  expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(4)
  const witness = readWitness(path)
  expect([...witness.accepted.keys()]).toEqual(some.map(({ upstreamId }) => upstreamId))
  expect(witness.receipted.size).toBe(20)
  expect(witness.duplicates).toEqual([])
  const again = AcceptedFile.open(path, LIMITS)
  again.file.close()
  expect(again).toMatchObject({ owed: [], lastId: 1_000_000_019 })
})

test('nothing is lost if the simulator is killed while it sets the file aside', () => {
  const path = temporaryFile('accepted.ndjson')
  written(path, [message(1), message(2)], [1])
  // After a kill between the two renames, the old file is renamed, but the new file is not.
  writeFileSync(`${path}.next`, readFileSync(path))
  renameSync(path, `${path}.1`)
  const { file, owed } = AcceptedFile.open(path, LIMITS)
  file.close()
  expect(owed).toEqual([message(2)])
  // After a kill before the two renames, the half-written new file is deleted.
  writeFileSync(`${path}.next`, '{"begun":')
  AcceptedFile.open(path, LIMITS).file.close()
  expect(existsSync(`${path}.next`)).toBe(false)
})

test('the oldest files set aside are removed when the total size exceeds the limit', () => {
  const path = temporaryFile('accepted.ndjson')
  for (let round = 0; round < 4; round += 1) {
    const some = Array.from({ length: 10 }, (_, n) => unasked(round * 10 + n))
    written(path, some, [])
  }
  AcceptedFile.open(path, { setAsideOctets: 1_000, keptOctets: 2_000 }).file.close()
  expect([1, 2, 3, 4].filter((n) => existsSync(`${path}.${n}`))).toEqual([4])
})

test('messages with the same source, destination and text are duplicates', () => {
  const path = temporaryFile('accepted.ndjson')
  const twin = (n: number) => ({ ...message(1), upstreamId: String(n) })
  written(path, [message(1), message(2), twin(2_000_000_000), twin(2_000_000_001)], [])
  expect(readWitness(path).duplicates).toEqual([['1000000001', '2000000000', '2000000001']])
})

test('the error for an unusable file names the file, the reason and the option --file', () => {
  const path = temporaryFile('file')
  writeFileSync(path, 'not ours\n')
  expect(() => AcceptedFile.open(path)).toThrow(AcceptedFileError)
  expect(() => AcceptedFile.open(path)).toThrow(/file: .*JSON.*--file/)
  expect(() => AcceptedFile.open(`${path}/below`)).toThrow(/--file/)
  expect(() => readWitness(`${path}.gone`)).toThrow(/ENOENT/)
})
