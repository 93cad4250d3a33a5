import { expect, test } from 'vitest'
import { loadOn, smscOptions, startedSmsc, temporaryFile } from './lab.fixture.ts'
import { runLoad } from './loadGenerator.ts'
import type { LoadReport } from './loadReport.ts'
import { address, numberIn, reference, text } from './messagePattern.ts'
import { readWitness } from './readWitness.ts'
import type { Witness } from './readWitness.ts'
import { reconcile } from './reconcile.ts'

test('the number of a message is written in its addresses and text and can be read back', () => {
  expect(address('4477####')(17)).toBe('44770017')
  expect(address('4477##')(1_234)).toBe('447734')
  expect(address('Bank')(3)).toBe('Bank')
  const said = text('{n}: {reference} hello', 'abc123')(42)
  expect(said).toBe('42: abc123-42. hello')
  expect(numberIn(said, 'abc123')).toBe(42)
  expect(numberIn(said, 'abc124')).toBeUndefined()
  expect(numberIn('abc123-', 'abc123')).toBeUndefined()
})

test('with a rate, latency is measured from the time at which a message was due', async () => {
  const file = temporaryFile('smsc.ndjson')
  const smsc = await startedSmsc({ file, latency: { minMs: 100, maxMs: 100 } })
  // 200 messages a second are due, but two sessions that wait 100 ms for each answer send 20.
  const load = { count: 20, rate: 200, sessions: 2, windowSize: 1 }
  const report = await runLoad(loadOn(smsc.port, load))
  expect(report.answered.size).toBe(20)
  expect(report.latency.maxMs).toBeGreaterThan(500)
  expect(smsc.stats().bindsMax).toBe(2)
})

test('a duration or a signal ends the sending, and outstanding answers are awaited', async () => {
  const smsc = await startedSmsc({ file: temporaryFile('smsc.ndjson') })
  const timed = await runLoad(loadOn(smsc.port, { durationMs: 100 }))
  expect(timed.answered.size).toBe(timed.sent)
  const stop = new AbortController()
  const load = loadOn(smsc.port, { durationMs: 3_600_000, signal: stop.signal })
  const running = runLoad(load)
  await expect.poll(() => smsc.stats().accepted).toBeGreaterThan(timed.sent)
  stop.abort()
  const report = await running
  expect(report.answered.size).toBe(report.sent)
})

test('a run fails at the start if the bind is refused or the port is closed', async () => {
  const smsc = await startedSmsc({ file: temporaryFile('smsc.ndjson') })
  const wrong = { ...loadOn(smsc.port, { count: 1 }), password: 'wrong' }
  await expect(runLoad(wrong)).rejects.toMatchObject({ code: 'BIND_REFUSED' })
  const { port } = smsc
  await smsc.close()
  await expect(runLoad(loadOn(port, { count: 1 }))).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  await expect(runLoad(loadOn(port, {}))).rejects.toThrow(/count or durationMs/)
})

test('with several system_ids, each session binds with the next system_id', async () => {
  const smsc = await startedSmsc({ file: temporaryFile('smsc.ndjson') })
  const { systemId } = smscOptions
  const load = (systemIds: string[]) => loadOn(smsc.port, { count: 1, sessions: 2, systemIds })
  const report = await runLoad({ ...load([systemId]), systemId: 'stranger' })
  expect(report.answered.size).toBe(1)
  const second = runLoad(load([systemId, 'stranger']))
  await expect(second).rejects.toMatchObject({ code: 'BIND_REFUSED' })
})

test('without reconnect, losing all links ends a run and leaves unknown messages', async () => {
  const file = temporaryFile('smsc.ndjson')
  const smsc = await startedSmsc({ file, dropRate: 1, latency: { minMs: 5, maxMs: 5 } })
  const report = await runLoad(loadOn(smsc.port, { count: 10_000 }))
  expect(report.answered.size).toBe(0)
  expect(report.unknown.length).toBe(report.sent)
  expect(report.sent).toBeLessThan(10_000)
  const { unknownSubmitted } = reconcile(report, readWitness(file), false)
  expect(unknownSubmitted.length).toBe(smsc.stats().accepted)
})

test('reconciliation lists messages that were lost, duplicated, or refused yet submitted', () => {
  const run = 'abc123'
  const accepted = new Map(
    [2, 3, 3, 4, 5].map((n, at) => [
      `up${at}`,
      { text: `x ${reference(run, n)}`, source: '', destination: '', atMs: 0, receiptOwed: true },
    ]),
  )
  const witness: Witness = { accepted, receipted: new Set(), duplicates: [], binds: [] }
  const receipt = { state: undefined, count: 1 }
  const report = {
    run,
    answered: new Map([
      ['one', 1],
      ['two', 2],
      ['three', 3],
    ]),
    refused: new Map([['ESME_RSUBMITFAIL', [4, 6]]]),
    unknown: [5, 7],
    receipts: new Map([
      ['two', receipt],
      ['three', { ...receipt, count: 2 }],
      ['nine', receipt],
    ]),
  }
  // reconcile() reads only these fields of a report.
  expect(reconcile(report as unknown as LoadReport, witness, true)).toEqual({
    lost: [1],
    duplicated: [3],
    refusedYetSubmitted: [4],
    unknownSubmitted: [5],
    withoutReceipt: ['one'],
    receiptedTwice: ['three'],
    receiptsOfUnknown: ['nine'],
    submitted: 4,
  })
})
