// Sends receipts as real SMSCs do, through the whole platform in its processes. Each case checks
// the state that the admin API shows, the receipts that the customer got, and that the SMSC got
// ESME_ROK for every receipt.

import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { ESME_ROK } from '../src/smpp/index.ts'
import type { Session } from '../src/smpp/index.ts'
import { ScriptedPlatform } from './scriptedPlatform.ts'
import type { Taken } from './scriptedSmsc.ts'

const DLR_AWAY_MS = 60_000
const PATIENCE_MS = 20_000
/** SMPP 5.0 §4.7.21: receipts for final states only, or for final and intermediate states. */
const FINAL = 1
const FINAL_AND_INTERIM = 0x11
const TON_INTERNATIONAL = 1

let platform: ScriptedPlatform
beforeAll(async () => void (platform = await ScriptedPlatform.start()))
afterAll(() => platform.stop())

let numbers = 0
function newDestination(prefix: '31' | '32' = '31'): string {
  return `${prefix}6${String(10_000_000 + numbers++)}`
}

/** The id that the SMSC gives to the only message for a destination. No other test uses it. */
function upstreamIdOf(destination: string): string {
  return `id-${destination}`
}

function answered(taken: Taken): void {
  taken.answer(upstreamIdOf(taken.destination))
}

/** Submits a message and resolves to its message_id when the SMSC has accepted it. */
async function submitted(destination: string, registeredDelivery = FINAL): Promise<string> {
  platform.smsc.script = answered
  const messageId = await platform.customer.submit(destination, registeredDelivery)
  await untilTaken(destination)
  return messageId
}

async function untilTaken(destination: string, times = 1): Promise<Taken[]> {
  await vi.waitUntil(() => platform.smsc.takenFor(destination).length >= times, PATIENCE_MS)
  return platform.smsc.takenFor(destination)
}

function bindOf(connector: string, index = 0): Session {
  const bind = platform.smsc.bindsOf(connector)[index]
  if (!bind) throw new Error(`${connector} has no bind ${index}`)
  return bind
}

/** Sends a receipt over the bind and expects ESME_ROK. */
async function receipt(id: string, stat: string, bind = bindOf('north')): Promise<void> {
  expect(await platform.smsc.receipt(bind, { id, stat })).toBe(ESME_ROK)
}

async function expectEnd(messageId: string, state: string, stats: readonly string[]) {
  // A receipt that is written at the same time as its upstream id is matched at the next sweep.
  await vi.waitUntil(() => platform.customer.stats(messageId).length >= stats.length, PATIENCE_MS)
  await platform.untilSettled()
  expect(platform.customer.stats(messageId)).toEqual(stats)
  const trace = await platform.trace(messageId)
  expect(trace.state).toBe(state)
  const told = trace.steps.filter(({ step }) => step.startsWith('receipt'))
  expect(told.map(({ step }) => step)).toEqual(stats.map(() => 'receipt acknowledged'))
}

test('a receipt that arrives before its submit_sm_resp waits for that response', async () => {
  const destination = newDestination()
  const id = upstreamIdOf(destination)
  platform.smsc.script = () => undefined
  const messageId = await platform.customer.submit(destination)
  const [taken] = await untilTaken(destination)
  await receipt(id, 'DELIVRD')
  await vi.waitUntil(async () => (await parked(id)) === 1, PATIENCE_MS)
  expect(platform.customer.stats(messageId)).toEqual([])
  taken?.answer(id)
  await vi.waitUntil(() => platform.customer.stats(messageId).length > 0, PATIENCE_MS)
  expect(await parked(id)).toBe(0)
  await expectEnd(messageId, 'DELIVERED', ['DELIVRD'])
})

test('a receipt written together with its submit_sm_resp finds its message', async () => {
  const destinations = Array.from({ length: 50 }, () => newDestination())
  const sent: Promise<void>[] = []
  platform.smsc.script = (taken) => {
    answered(taken)
    sent.push(receipt(upstreamIdOf(taken.destination), 'DELIVRD', taken.session))
  }
  const ids = await Promise.all(destinations.map((one) => platform.customer.submit(one)))
  await vi.waitUntil(() => sent.length === destinations.length, PATIENCE_MS)
  await Promise.all(sent)
  for (const id of ids) await expectEnd(id, 'DELIVERED', ['DELIVRD'])
})

test('a late receipt finds its message after the worker that submitted it has died', async () => {
  const destination = newDestination()
  const messageId = await submitted(destination)
  await platform.untilSettled()
  await platform.replaceWorker()
  await receipt(upstreamIdOf(destination), 'DELIVRD')
  await expectEnd(messageId, 'DELIVERED', ['DELIVRD'])
  expect(platform.smsc.takenFor(destination)).toHaveLength(1)
})

test('a repeated receipt changes nothing and is not delivered', async () => {
  const destination = newDestination()
  const id = upstreamIdOf(destination)
  const messageId = await submitted(destination)
  await Promise.all([receipt(id, 'DELIVRD'), receipt(id, 'DELIVRD', bindOf('north', 1))])
  await expectEnd(messageId, 'DELIVERED', ['DELIVRD'])
  await receipt(id, 'DELIVRD')
  await platform.replaceWorker()
  await receipt(id, 'DELIVRD')
  await expectEnd(messageId, 'DELIVERED', ['DELIVRD'])
})

test('intermediate states never follow the final state; the first final state wins', async () => {
  const inOrder = newDestination()
  const first = await submitted(inOrder, FINAL_AND_INTERIM)
  await receipt(upstreamIdOf(inOrder), 'ACCEPTD')
  await expectEnd(first, 'ACCEPTED', ['ACCEPTD'])
  await receipt(upstreamIdOf(inOrder), 'DELIVRD')
  await expectEnd(first, 'DELIVERED', ['ACCEPTD', 'DELIVRD'])

  const outOfOrder = newDestination()
  const second = await submitted(outOfOrder, FINAL_AND_INTERIM)
  await receipt(upstreamIdOf(outOfOrder), 'DELIVRD')
  // Receipts that are processed at the same time have no defined order.
  await platform.untilSettled()
  for (const stat of ['ACCEPTD', 'ENROUTE', 'BUFFERED', 'UNDELIV', 'UNKNOWN'])
    await receipt(upstreamIdOf(outOfOrder), stat)
  await expectEnd(second, 'DELIVERED', ['DELIVRD'])

  // Simultaneous, so that the receipts share batches.
  const together = newDestination()
  const third = await submitted(together)
  const stats = ['ENROUTE', 'REJECTD', 'ACCEPTD', 'ENROUTE']
  await Promise.all(stats.map((stat) => receipt(upstreamIdOf(together), stat)))
  await expectEnd(third, 'REJECTED', ['REJECTD'])
})

test('a later final state replaces UNKNOWN, but UNKNOWN replaces no final state', async () => {
  const destination = newDestination()
  const messageId = await submitted(destination)
  await receipt(upstreamIdOf(destination), 'UNKNOWN')
  await expectEnd(messageId, 'UNKNOWN', ['UNKNOWN'])
  await receipt(upstreamIdOf(destination), 'DELIVRD')
  await receipt(upstreamIdOf(destination), 'UNKNOWN')
  await expectEnd(messageId, 'DELIVERED', ['UNKNOWN', 'DELIVRD'])
})

test('a receipt is matched on any bind of its own connector, and on no other', async () => {
  const [north, south] = [newDestination('31'), newDestination('32')]
  // Both SMSCs count from the same number.
  platform.smsc.script = (taken) => taken.answer('0001')
  const northId = await platform.customer.submit(north)
  const southId = await platform.customer.submit(south)
  const [taken] = await untilTaken(north)
  await untilTaken(south)
  await platform.untilSettled()
  await receipt('0001', 'UNDELIV', bindOf('south'))
  await expectEnd(southId, 'UNDELIVERABLE', ['UNDELIV'])
  await expectEnd(northId, 'ENROUTE', [])
  const other = platform.smsc.bindsOf('north').find((bind) => bind !== taken?.session)
  await receipt('0001', 'DELIVRD', other)
  await expectEnd(northId, 'DELIVERED', ['DELIVRD'])

  const alone = newDestination('31')
  const aloneId = await submitted(alone)
  await receipt(upstreamIdOf(alone), 'DELIVRD', bindOf('south'))
  await expectEnd(aloneId, 'ENROUTE', [])
  expect(await parked(upstreamIdOf(alone))).toBe(1)
  await receipt(upstreamIdOf(alone), 'EXPIRED', bindOf('north', 1))
  await expectEnd(aloneId, 'EXPIRED', ['EXPIRED'])
})

test('for an upstream id used twice, the destination in the receipt decides', async () => {
  const [first, second] = [newDestination(), newDestination()]
  platform.smsc.script = (taken) => taken.answer('again')
  const firstId = await platform.customer.submit(first)
  await untilTaken(first)
  const secondId = await platform.customer.submit(second)
  await untilTaken(second)
  await platform.untilSettled()
  await platform.replaceWorker()
  const from = (source_addr: string) => ({ source_addr, source_addr_ton: TON_INTERNATIONAL })
  for (const [destination, stat] of [
    [first, 'UNDELIV'],
    [second, 'DELIVRD'],
  ] as const) {
    const sent = { id: 'again', stat, fields: from(destination) }
    expect(await platform.smsc.receipt(bindOf('north'), sent)).toBe(ESME_ROK)
  }
  await expectEnd(firstId, 'UNDELIVERABLE', ['UNDELIV'])
  await expectEnd(secondId, 'DELIVERED', ['DELIVRD'])
})

test('a submit whose worker dies before the answer is sent again and receipted once', async () => {
  const destination = newDestination()
  platform.smsc.script = ({ destination: to, answer }) => {
    const copies = platform.smsc.takenFor(to).length
    // The SMSC accepts the first copy, but its worker dies before the answer.
    if (copies > 1) answer(`copy-${copies}-${to}`)
  }
  const messageId = await platform.customer.submit(destination)
  await untilTaken(destination)
  await platform.replaceWorker()
  await untilTaken(destination, 2)
  await receipt(`copy-1-${destination}`, 'DELIVRD')
  await platform.untilSettled()
  expect(await parked(`copy-1-${destination}`)).toBe(1)
  await receipt(`copy-2-${destination}`, 'DELIVRD')
  await expectEnd(messageId, 'DELIVERED', ['DELIVRD'])
  expect(platform.smsc.takenFor(destination)).toHaveLength(2)
})

test('a message whose outcome is lost with its worker is sent again, receipted once', async () => {
  const destination = newDestination()
  const { smsc, stack } = platform
  smsc.script = () => undefined
  const messageId = await platform.customer.submit(destination)
  const [first] = await untilTaken(destination)
  if (!first) throw new Error('no message was submitted')
  smsc.script = (taken) => taken.answer(`second-${destination}`)
  const known = () => platform.outcomes('submitted', 'north')
  const knownBefore = (await known()) ?? 0
  const before = stack.pidOf('workers')
  // The writes of the worker wait for this lock until the worker is dead, and are then lost.
  const holder = await platform.database.pool.connect()
  await holder.query('begin')
  await holder.query('lock table checkpoints, queue_envelopes in exclusive mode')
  first.answer(`first-${destination}`)
  const early = { id: `first-${destination}`, stat: 'DELIVRD' }
  const unacknowledged = smsc.receipt(first.session, early)
  await vi.waitUntil(async () => (await known()) === knownBefore + 1, PATIENCE_MS)
  stack.kill('workers')
  expect(await unacknowledged).toBe('closed')
  await holder.query(`select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = 'signalbox-workers' and wait_event_type = 'Lock'`)
  await holder.query('rollback')
  holder.release()
  await platform.untilReplaced('workers', before)
  await platform.untilBound()
  await untilTaken(destination, 2)
  // An SMSC sends a receipt again if it was not acknowledged.
  await receipt(`first-${destination}`, 'DELIVRD')
  await receipt(`second-${destination}`, 'DELIVRD')
  await expectEnd(messageId, 'DELIVERED', ['DELIVRD'])
  expect(smsc.takenFor(destination)).toHaveLength(2)
})

test('a receipt for an unknown id is parked and delivered to no customer', async () => {
  await platform.untilSettled()
  const before = await platform.metric('dlr', 'dlr_parked_receipts_total')
  await receipt('nobody-knows', 'DELIVRD')
  await platform.untilSettled()
  expect(await parked('nobody-knows')).toBe(1)
  expect(await platform.metric('dlr', 'dlr_parked_receipts_total')).toBe((before ?? 0) + 1)
  const waiting = await platform.count('select count(*) from parked_receipts')
  const shown = () => platform.metric('exporters', 'parked_receipts')
  await vi.waitUntil(async () => (await shown()) === waiting, PATIENCE_MS)
  expect(await platform.count('select count(*) from dead_letters')).toBe(0)
})

function parked(id: string): Promise<number> {
  return platform.count(`select count(*) from parked_receipts where upstream_id = '${id}'`)
}

/**
 * Keeps the dlr-processor stopped for DLR_AWAY_MS, and meanwhile runs `work`. `up` replaces a
 * process that hangs, so the successor is stopped as well.
 */
async function dlrAwayWhile(work: () => Promise<void>): Promise<void> {
  const { stack } = platform
  const untilMs = Date.now() + DLR_AWAY_MS
  let stopped = 0
  const holdDown = () => {
    const pid = stack.pidOf('dlr')
    if (pid !== stopped) process.kill(pid, 'SIGSTOP')
    stopped = pid
    return Date.now() >= untilMs
  }
  holdDown()
  await work()
  await vi.waitUntil(holdDown, { timeout: 2 * DLR_AWAY_MS, interval: 20 })
  process.kill(stopped, 'SIGCONT')
}

test('receipts sent during a minute without a dlr-processor are all processed later', async () => {
  const kinds = ['once', 'twice', 'early', 'disorder', 'never'] as const
  const messages = Array.from({ length: 200 }, (_, index) => ({
    destination: newDestination(),
    kind: kinds[index % kinds.length] ?? 'once',
    id: '',
  }))
  const kindOf = new Map(messages.map(({ destination, kind }) => [destination, kind]))
  const receipts: Promise<void>[] = []
  platform.smsc.script = (taken) => {
    const kind = kindOf.get(taken.destination)
    const say = (stat: string) =>
      receipts.push(receipt(upstreamIdOf(taken.destination), stat, taken.session))
    if (kind === 'early') {
      say('DELIVRD')
      void receipts.at(-1)?.then(() => answered(taken))
      return
    }
    answered(taken)
    if (kind === 'once') say('EXPIRED')
    if (kind === 'twice') for (const stat of ['DELIVRD', 'DELIVRD']) say(stat)
    if (kind === 'disorder') for (const stat of ['DELIVRD', 'ACCEPTD', 'ENROUTE']) say(stat)
  }
  const { customer, smsc } = platform
  await dlrAwayWhile(async () => {
    await Promise.all(
      messages.map(async (one) => (one.id = await customer.submit(one.destination))),
    )
    const taken = () => messages.every(({ destination }) => smsc.takenFor(destination).length > 0)
    await vi.waitUntil(taken, PATIENCE_MS)
    // Each receipt was acknowledged although no process handles them yet.
    await Promise.all(receipts)
    expect(messages.flatMap(({ id }) => customer.stats(id))).toEqual([])
  })
  await platform.untilSettled()
  for (const { id, kind } of messages) {
    if (kind === 'never') await expectEnd(id, 'ENROUTE', [])
    else if (kind === 'once') await expectEnd(id, 'EXPIRED', ['EXPIRED'])
    else await expectEnd(id, 'DELIVERED', ['DELIVRD'])
  }
  expect(smsc.taken.filter(({ destination }) => kindOf.has(destination))).toHaveLength(200)
})
