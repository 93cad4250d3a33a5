import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { readWitness } from '../../lab/readWitness.ts'
import { SMSC_DEFAULTS } from '../../lab/smscOptions.ts'
import { SmscSimulator } from '../../lab/smscSimulator.ts'
import type { QueueEntry } from '../../queue/queue.ts'
import { ESME_ROK } from '../../smpp/index.ts'
import { startPool } from './connectorPool.fixture.ts'
import { entryOf, envelopeOf } from './connectorWork.fixture.ts'
import { startSmsc } from './smsc.fixture.ts'
import { UpstreamBind } from './upstreamBind.ts'
import { virtualTime } from './virtualTime.fixture.ts'

/** An SMSC that accepts at most `tps` messages in any second, by its own clock. */
async function strictSmsc(tps: number) {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-pace-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'smsc.ndjson')
  const account = { systemId: 'platform', password: 'secret' }
  const smsc = await SmscSimulator.start({ ...SMSC_DEFAULTS, ...account, port: 0, file, tps })
  onTestFinished(() => smsc.close())
  return {
    smsc,
    acceptedAtMs: () => [...readWitness(file).accepted.values()].map(({ atMs }) => atMs),
  }
}

/** An SMSC that records when each message arrived, and on which session. */
async function timingSmsc() {
  const taken: { atMs: number; session: object }[] = []
  const { port } = await startSmsc((session, pdu) => {
    taken.push({ atMs: performance.now(), session })
    session.respond(pdu, ESME_ROK, { message_id: String(taken.length) })
  })
  return { port, taken }
}

function envelopes(messages: number): QueueEntry[] {
  const each = 50
  return Array.from({ length: messages / each }, (_, index) =>
    entryOf(envelopeOf(each), { id: String(index) }),
  )
}

test.each([
  { tps: 200, messages: 400, stepMs: 1 },
  { tps: 20, messages: 100, stepMs: 3 },
])(
  'nearly the full pace of a connector is used, and its SMSC never throttles: %j',
  async (given) => {
    const { tps, messages, stepMs } = given
    const time = virtualTime(stepMs)
    const { smsc, acceptedAtMs } = await strictSmsc(tps)
    const { port } = smsc
    const { settled } = startPool(envelopes(messages), { port, tps, slots: [1, 2, 3] })
    await time.until(() => settled.length === messages / 50, (messages / tps) * 1_100 + 2_000)
    const { accepted, bindsMax, throttled } = smsc.stats()
    expect({ accepted, bindsMax, throttled }).toEqual({
      accepted: messages,
      bindsMax: 3,
      throttled: 0,
    })
    const times = acceptedAtMs()
    const tookMs = (times.at(-1) ?? 0) - (times[0] ?? 0)
    expect(((messages - 1) / tookMs) * 1_000).toBeGreaterThanOrEqual(tps * 0.95)
  },
)

test('at 20 messages a second, one is sent every 51 ms, and the binds take turns', async () => {
  const time = virtualTime()
  const { port } = await timingSmsc()
  const submits: { atMs: number; slot: number }[] = []
  const { submit } = UpstreamBind.prototype
  vi.spyOn(UpstreamBind.prototype, 'submit').mockImplementation(function (
    this: UpstreamBind,
    ...to
  ) {
    submits.push({ atMs: performance.now(), slot: this.slot })
    return submit.apply(this, to)
  })
  startPool(envelopes(50), { port, tps: 20, slots: [1, 2, 3] })
  await time.until(() => submits.length === 50, 5_000)
  const gapsMs = submits.slice(1).map(({ atMs }, index) => atMs - (submits[index]?.atMs ?? 0))
  expect(gapsMs.filter((gapMs) => gapMs < 50 || gapMs > 52)).toEqual([])
  const slots = submits.map(({ slot }) => slot)
  expect(slots.slice(3)).toEqual(slots.slice(0, -3))
  expect(new Set(slots.slice(0, 3)).size).toBe(3)
})

test('after a pause a burst is sent immediately, and then messages are spaced evenly', async () => {
  const time = virtualTime()
  const { port, taken } = await timingSmsc()
  const [tps, burst] = [20, 12]
  const { add, settled } = startPool([], { port, tps, burst, slots: [1, 2] })
  add(entryOf(envelopeOf(1), { id: 'first' }))
  await time.until(() => settled.length === 1, 2_000)
  const restUntilMs = performance.now() + 1_000
  await time.until(() => performance.now() >= restUntilMs, 2_000)
  add(entryOf(envelopeOf(20), { id: 'second' }))
  await time.until(() => settled.length === 2, 2_000)
  const gapMs = (from: number, to: number) => (taken[to]?.atMs ?? 0) - (taken[from]?.atMs ?? 0)
  expect(gapMs(1, burst)).toBeLessThan(5)
  expect(gapMs(burst, burst + 8)).toBeGreaterThan(400)
})

test('the pause between messages begins at the write, even if the write is delayed', async () => {
  const { port, taken } = await timingSmsc()
  const { submit } = UpstreamBind.prototype
  vi.spyOn(UpstreamBind.prototype, 'submit').mockImplementationOnce(function (
    this: UpstreamBind,
    ...to
  ) {
    queueMicrotask(() => {
      const untilMs = performance.now() + 500
      while (performance.now() < untilMs);
    })
    return submit.apply(this, to)
  })
  startPool([entryOf(envelopeOf(2))], { port, tps: 1, slots: [1] })
  await expect.poll(() => taken.length, { timeout: 5_000 }).toBe(2)
  const [first, second] = taken
  // The pause is about 1,020 ms, and the write follows 500 ms after the call of submit(). If the
  // pause began at the call, the gap would be about 520 ms. The SMSC reads the first message late,
  // so the gap that it measures may be slightly shorter than a second.
  expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThan(800)
})

test('a higher pace applies one second after its grant, and a lower one immediately', async () => {
  const time = virtualTime()
  const { port, taken } = await timingSmsc()
  const { lease, pool } = startPool(envelopes(500), { port, tps: 100, slots: [1] })
  const startMs = performance.now()
  await time.until(() => taken.length > 0, 2_000)
  // The former holder of the slot may have used this pace until the slot was leased to this
  // process.
  expect((taken[0]?.atMs ?? 0) - startMs).toBeGreaterThanOrEqual(1_000)
  await time.until(() => taken.length > 30, 2_000)
  pool.lowerPace('sim', 0)
  const loweredMs = performance.now()
  const before = taken.length
  lease(100)
  await time.until(() => taken.length > before, 2_000)
  expect((taken[before]?.atMs ?? 0) - loweredMs).toBeGreaterThanOrEqual(1_000)
})

test('a slot is given up only after its link is closed', async () => {
  let answer: (() => void) | undefined
  const { port, sessions } = await startSmsc((session, pdu) => {
    answer = () => session.respond(pdu, ESME_ROK, { message_id: '1' })
  })
  const { pool } = startPool([entryOf(envelopeOf(1))], { port, tps: 100, slots: [1] })
  await expect.poll(() => answer, { timeout: 5_000 }).toBeDefined()
  const log: string[] = []
  const closing = pool.closeSlots('sim', [1]).then(() => log.push(`given up, ${sessions.size} up`))
  // The unbind waits for the answer, so nothing happens in a dozen iterations of the event loop.
  for (let turn = 0; turn < 12; turn++) await new Promise(setImmediate)
  log.push('answered')
  answer?.()
  await closing
  expect(log).toEqual(['answered', 'given up, 0 up'])
})

test('a worker without a share of the pace leaves the messages to other workers', async () => {
  const { port, sessions } = await startSmsc()
  const entries = envelopes(50)
  startPool(entries, { port, tps: 2, pace: 0, slots: [3] })
  await expect.poll(() => sessions.size, { timeout: 5_000 }).toBe(1)
  for (let turn = 0; turn < 12; turn++) await new Promise(setImmediate)
  expect(entries).toHaveLength(1)
})
