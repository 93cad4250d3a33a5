import { expect, onTestFinished, test } from 'vitest'
import { type Connector, connectorSchema } from '../../platform/connector.ts'
import type { Session } from '../../smpp/index.ts'
import { memoryQueues, ownsAll } from './connectorWork.fixture.ts'
import { ConnectorPool } from './connectorPool.ts'
import { OutcomeWriter } from './outcomeWriter.ts'
import { SteadyClock } from '../../flow/steadyClock.ts'
import { ReceiptIntake } from './receiptIntake.ts'
import { RecentSubmissions } from './recentSubmissions.ts'
import { startSmsc } from './smsc.fixture.ts'

const LEASE_MS = 60_000

/** A pool that holds these slots of one connector. The connector's SMSC accepts every bind. */
async function poolOf(slots: readonly number[]) {
  const { port, sessions } = await startSmsc()
  const { queue } = memoryQueues([])
  const recent = new RecentSubmissions()
  const clock = new SteadyClock()
  const onTrouble = () => undefined
  const pool = new ConnectorPool({
    queue,
    queueLeaseMs: LEASE_MS,
    secretsDir: '/nowhere',
    writer: new OutcomeWriter(
      { keep: async () => new Set<string>(), publish: async () => undefined },
      onTrouble,
    ),
    recent,
    clock,
    intake: new ReceiptIntake(queue, recent, clock, onTrouble),
    caresFor: () => false,
    confirmedAtMs: () => Date.now(),
    ownership: { ...ownsAll(), listen: () => undefined },
    finishEnvelopes: async () => undefined,
    onTrouble,
  })
  let connector = connectorSchema.parse({
    id: 'sim',
    host: '127.0.0.1',
    port,
    systemId: 'first',
    password: 'p',
    binds: slots.length,
  })
  const lease = () =>
    pool.setLease('sim', { slots, pace: connector.tps, heldUntilMs: performance.now() + LEASE_MS })
  const change = (settings: Partial<Connector>): void => {
    connector = { ...connector, ...settings }
    pool.setConnectors(new Map([['sim', connector]]))
  }
  onTestFinished(async () => {
    pool.stop()
    await pool.closeSlots('sim', slots)
    await pool.close()
  })
  change({})
  lease()
  await expect.poll(() => bound(pool)).toBe(slots.length)
  return { change, lease, pool, sessions }
}

function bound(pool: ConnectorPool): number {
  return [...pool.boundByConnector()][0]?.[1] ?? 0
}

function systemIds(sessions: Set<Session>): (string | undefined)[] {
  return [...sessions].map(({ bind }) => bind?.system_id)
}

test('a change of pace, window, timers or rules keeps the session open', async () => {
  const { change, lease, pool, sessions } = await poolOf([1])
  const before = [...sessions]
  change({
    tps: 5,
    window: 50,
    responseTimeoutMs: 5_000,
    enquireLinkIntervalMs: 1_000,
    throttlePauseMs: 5,
    onLinkLost: 'fail',
    maxAttempts: 2,
    messageIdRule: { ignoreCase: true },
    receiptStates: { GONE: 'EXPIRED' },
    paused: true,
  })
  lease()
  expect([...sessions]).toEqual(before)
  expect(bound(pool)).toBe(1)
})

test('binds that need a new session are replaced one at a time', async () => {
  const { change, lease, pool, sessions } = await poolOf([1, 2, 3])
  const fewest: number[] = []
  change({ systemId: 'second' })
  lease()
  await expect
    .poll(
      () => {
        fewest.push(bound(pool))
        return systemIds(sessions)
      },
      { timeout: 10_000, interval: 1 },
    )
    .toEqual(['second', 'second', 'second'])
  expect(Math.min(...fewest)).toBeGreaterThanOrEqual(2)
})

test('the binds of a disabled connector close immediately while its leases are held', async () => {
  const { change, lease, pool, sessions } = await poolOf([1, 2])
  change({ enabled: false })
  expect(bound(pool)).toBe(0)
  await expect.poll(() => sessions.size, { timeout: 1_000 }).toBe(0)
  // A round of leasing that was already running does not open the binds again.
  lease()
  expect(bound(pool)).toBe(0)
  change({ enabled: true })
  lease()
  await expect.poll(() => sessions.size, { timeout: 5_000 }).toBe(2)
})
