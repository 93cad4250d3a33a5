import { expect, onTestFinished, test } from 'vitest'
import {
  BindRefusedError,
  connectSmpp,
  decodeBody,
  encodeBody,
  encodePdu,
  ESME_RBINDFAIL,
  ESME_RINVCMDLEN,
  ESME_RINVMSGLEN,
  ESME_ROK,
  INTERFACE_VERSION,
  MESSAGE_STATE,
  tlv,
} from '../smpp/index.ts'
import type { Session } from '../smpp/index.ts'
import { rawClient } from '../smpp/testing/rawPeer.fixture.ts'
import { bindPdu } from '../smpp/testing/servedPeer.fixture.ts'
import { loadOn, smscOptions, startedSmsc, temporaryFile } from './lab.fixture.ts'
import { runLoad } from './loadGenerator.ts'
import { readWitness } from './readWitness.ts'
import { reconcile } from './reconcile.ts'
import { SmscSimulator } from './smscSimulator.ts'

const { V3_3, V3_4 } = INTERFACE_VERSION

function bound(
  port: number,
  system_id = smscOptions.systemId,
  password = smscOptions.password,
): Promise<Session> {
  return connectSmpp({
    host: '127.0.0.1',
    port,
    command: 'bind_transceiver',
    system_id,
    password,
    windowSize: 1,
    timers: smscOptions.timers,
    events: {},
  })
}

const withReceipts = { registeredDelivery: 1, receiptsWithinMs: 10_000 }

test('every message is answered, recorded and receipted once, and both ends agree', async () => {
  const file = temporaryFile('smsc.ndjson')
  const smsc = await startedSmsc({ file })
  const report = await runLoad(loadOn(smsc.port, { count: 3_000, ...withReceipts }))
  expect(report).toMatchObject({ sent: 3_000, complete: true, unknown: [], repeatedIds: [] })
  expect(report.answered.size).toBe(3_000)
  expect([...report.answered.keys()].every((id) => /^\d{10}$/.test(id))).toBe(true)
  const witness = readWitness(file)
  expect(witness.receipted.size).toBe(3_000)
  expect(reconcile(report, witness, true)).toEqual({
    lost: [],
    duplicated: [],
    refusedYetSubmitted: [],
    unknownSubmitted: [],
    withoutReceipt: [],
    receiptedTwice: [],
    receiptsOfUnknown: [],
    submitted: 3_000,
  })
  expect(smsc.stats()).toMatchObject({ accepted: 3_000, bindsMax: 2, receiptsPending: 0 })
})

test('the simulator reports the delay of its answers and the number of open binds', async () => {
  const open: number[] = []
  const latency = { minMs: 30, maxMs: 30 }
  const file = temporaryFile('smsc.ndjson')
  const smsc = await startedSmsc({ file, latency, onBinds: (count) => open.push(count) })
  await runLoad(loadOn(smsc.port, { count: 10 }))
  const { answered, answerDelaySumMs } = smsc.stats()
  expect(answered).toBe(10)
  expect(answerDelaySumMs / answered).toBeGreaterThanOrEqual(30)
  await expect.poll(() => open).toEqual([1, 2, 1, 0])
})

test('errors and throttling have the configured shares and repeat with the same seed', async () => {
  const rates = { errorRate: 0.1, throttleRate: 0.2, seed: 5 }
  const runOnce = async () => {
    const smsc = await startedSmsc({ file: temporaryFile('smsc.ndjson'), ...rates })
    return runLoad(loadOn(smsc.port, { count: 1_000, sessions: 1 }))
  }
  const first = await runOnce()
  const second = await runOnce()
  const refused = (name: string) => first.refused.get(name)?.length ?? 0
  expect(refused('ESME_RSUBMITFAIL')).toBeGreaterThan(70)
  expect(refused('ESME_RSUBMITFAIL')).toBeLessThan(130)
  expect(refused('ESME_RTHROTTLED')).toBeGreaterThan(150)
  expect(refused('ESME_RTHROTTLED')).toBeLessThan(250)
  expect(second.refused).toEqual(first.refused)
})

test('messages that exceed the pace of the simulator in any second are throttled', async () => {
  const file = temporaryFile('smsc.ndjson')
  const smsc = await startedSmsc({ file, tps: 5 })
  const report = await runLoad(loadOn(smsc.port, { count: 12, sessions: 3 }))
  // All twelve messages arrive within a second, unless the machine is stalled.
  expect(report.refused.get('ESME_RTHROTTLED')?.length).toBe(7)
  expect(smsc.stats()).toMatchObject({ accepted: 5, throttled: 7 })
})

test('with retryThrottledAfterMs, a throttled message is sent until it is accepted', async () => {
  const smsc = await startedSmsc({ file: temporaryFile('smsc.ndjson'), throttleRate: 0.3 })
  const report = await runLoad(loadOn(smsc.port, { count: 500, retryThrottledAfterMs: 1 }))
  expect(report.answered.size).toBe(500)
  expect(report.throttled).toBeGreaterThan(0)
  expect(report.throttled).toBe(smsc.stats().throttled)
  expect(Object.fromEntries(report.answers)).toEqual({
    ESME_ROK: 500,
    ESME_RTHROTTLED: report.throttled,
  })
})

test('undelivered, duplicate and early receipts are sent in the configured shares', async () => {
  const file = temporaryFile('smsc.ndjson')
  const mix = { undeliveredRate: 0.3, duplicateRate: 0.2, earlyReceiptRate: 0.5 }
  const smsc = await startedSmsc({ file, ...mix, latency: { minMs: 1, maxMs: 4 } })
  const report = await runLoad(loadOn(smsc.port, { count: 400, ...withReceipts }))
  expect(report.complete).toBe(true)
  const states = [...report.receipts.values()].map(({ state }) => state)
  const undelivered = states.filter((state) => state === MESSAGE_STATE.UNDELIVERABLE).length
  expect(undelivered).toBeGreaterThan(80)
  expect(undelivered).toBeLessThan(160)
  expect(states.length).toBe(400)
  await expect.poll(() => smsc.stats().receiptsPending).toBe(0)
  expect(smsc.stats().receiptsSent).toBeGreaterThan(430)
  expect(readWitness(file).receipted.size).toBe(400)
})

test('cut connections lose answers, but a peer that reconnects gets every receipt', async () => {
  const file = temporaryFile('smsc.ndjson')
  const smsc = await startedSmsc({ file, dropRate: 0.01 })
  const load = loadOn(smsc.port, { count: 2_000, reconnect: true, ...withReceipts })
  const report = await runLoad({ ...load, timers: { responseTimeoutMs: 5_000 } })
  expect(report.unknown.length).toBeGreaterThan(0)
  expect(report.reconnects).toBeGreaterThan(0)
  expect(report.answered.size + report.unknown.length).toBe(2_000)
  expect(report.complete).toBe(true)
  const ends = reconcile(report, readWitness(file), true)
  expect(ends).toMatchObject({ lost: [], duplicated: [], withoutReceipt: [] })
})

test('owed receipts are sent after a restart, and no id is issued twice', async () => {
  const file = temporaryFile('smsc.ndjson')
  const hour = { minMs: 3_600_000, maxMs: 3_600_000 }
  const first = await startedSmsc({ file, receiptDelay: hour })
  const before = await runLoad(loadOn(first.port, { count: 300, registeredDelivery: 1 }))
  expect(before.complete).toBe(false)
  await first.close()
  const second = await startedSmsc({ file })
  const after = await runLoad(loadOn(second.port, { count: 300, ...withReceipts }))
  await expect.poll(() => second.stats().receiptsAcknowledged).toBe(600)
  const witness = readWitness(file)
  expect(witness.accepted.size).toBe(600)
  expect(witness.receipted.size).toBe(600)
  expect([...before.answered.keys()].filter((id) => after.answered.has(id))).toEqual([])
})

test('the file of the simulator records every bind and how it ended', async () => {
  const file = temporaryFile('smsc.ndjson')
  const smsc = await startedSmsc({ file })
  await runLoad(loadOn(smsc.port, { count: 1, sessions: 2 }))
  await expect.poll(() => smsc.stats().binds).toBe(0)
  const ends = () => readWitness(file).binds.map(({ end }) => end?.reason)
  const unbound = 'unbound by the peer'
  expect(ends()).toEqual([unbound, unbound])
  const session = await bound(smsc.port)
  expect(ends()).toEqual([unbound, unbound, undefined])
  await smsc.close()
  expect(session.state).toBe('CLOSED')
  expect(ends()).toEqual([unbound, unbound, 'unbound by us'])
})

test.each([
  [1, 200, 200],
  [2, 60, 140],
  [3, 60, 140],
  [0, 0, 0],
])(
  'registered_delivery %d requests receipts for %d to %d of 200 messages',
  async (registeredDelivery, min, max) => {
    const file = temporaryFile('smsc.ndjson')
    const smsc = await startedSmsc({ file, undeliveredRate: 0.5 })
    await runLoad(loadOn(smsc.port, { count: 200, registeredDelivery }))
    const accepted = [...readWitness(file).accepted.values()]
    const owed = accepted.filter(({ receiptOwed }) => receiptOwed).length
    expect(owed).toBeGreaterThanOrEqual(min)
    expect(owed).toBeLessThanOrEqual(max)
  },
)

test('a wrong password and an unknown system_id are refused with ESME_RBINDFAIL', async () => {
  const { port } = await startedSmsc({ file: temporaryFile('smsc.ndjson') })
  for (const [systemId, password] of [
    ['platform', 'wrong'],
    ['somebody', 'secret'],
  ] as const) {
    const refusal = await bound(port, systemId, password).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(BindRefusedError)
    expect(refusal).toMatchObject({ commandStatus: ESME_RBINDFAIL })
  }
})

test('a second simulator on the same port fails before it touches the file', async () => {
  const file = temporaryFile('smsc.ndjson')
  const { port } = await startedSmsc({ file })
  const second = SmscSimulator.start({ ...smscOptions, port, file })
  await expect(second).rejects.toMatchObject({ code: 'EADDRINUSE' })
})

test.each([
  [V3_3, { tlvs: [tlv('source_port', 5)] }, ESME_RINVCMDLEN],
  [V3_3, { short_message: Buffer.alloc(255) }, ESME_RINVMSGLEN],
  [V3_4, { short_message: Buffer.alloc(255) }, ESME_RINVMSGLEN],
  [V3_4, { tlvs: [tlv('source_port', 5)] }, ESME_ROK],
])(
  'a simulator with interface_version %s answers %o with %i',
  async (interfaceVersion, fields, expected) => {
    const smsc = await startedSmsc({ file: temporaryFile('smsc.ndjson'), interfaceVersion })
    const session = await bound(smsc.port)
    expect(session.interfaceVersion).toBe(interfaceVersion)
    await session.unbind()
    // Our own session would refuse to send these fields.
    const peer = await rawClient(smsc.port)
    onTestFinished(() => peer.close())
    const { password, systemId } = smscOptions
    peer.send(bindPdu({ system_id: systemId, password, interface_version: 0x50 }))
    const head = { command: 'submit_sm', command_status: 0, sequence_number: 2 } as const
    const submitSm = decodeBody('submit_sm', encodeBody('submit_sm', fields))
    peer.send(encodePdu({ ...head, ...submitSm }))
    const [, answer] = await peer.pdus(2)
    expect(answer).toMatchObject({ command: 'submit_sm_resp', command_status: expected })
    expect(smsc.stats().misfits).toBe(expected === ESME_ROK ? 0 : 1)
  },
)
