import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { leaseSlots, releaseSlots } from '../../cluster/bindSlotTable.ts'
import type { DatabaseLink } from '../databaseLink.ts'
import { openTestStore, type TestStore } from '../../database/testing/testStore.ts'
import { type Connector, connectorSchema } from '../../platform/connector.ts'
import { BindLeases } from './bindLeases.ts'

const ROUND_MS = 2_000
/**
 * Enough rounds for four workers to lease the slots of 1,000 connectors. In each round, a worker
 * can lease slots of at most 50 connectors.
 */
const ROUNDS_TO_START = 7
const AT_ONCE_MAX = 10
/**
 * The average number of slots that are handed over in a round. Three rounds are needed to ask for
 * ten slots, to close their binds and to take them.
 */
const HANDED_OVER_A_ROUND = AT_ONCE_MAX / 3

let store: TestStore
let link: DatabaseLink
beforeAll(async () => {
  store = await openTestStore()
  link = store.link()
})
beforeEach(async () => {
  await link.database.pool.query('truncate bind_slots')
  // The test decides when a round is due.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => void vi.useRealTimers())
afterAll(() => store.drop())

interface Worker {
  leases: BindLeases
  held: Map<string, readonly number[]>
  statements: number
  closed: number
}

/** Workers that share slots. A frozen worker runs no rounds, but others still count it as alive. */
class Fleet {
  #connectors: readonly Connector[]
  #workers = new Map<string, Worker>()
  #frozen = new Set<string>()
  #nowMs = 0

  constructor(connectors: number, binds = 1) {
    this.#connectors = Array.from({ length: connectors }, (_, index) =>
      connectorSchema.parse({
        id: `c${index}`,
        host: 'x',
        port: 1,
        systemId: 's',
        password: 'p',
        binds,
        tps: 10,
      }),
    )
  }

  start(...names: string[]): void {
    for (const holder of names) {
      const worker: Worker = {
        held: new Map(),
        statements: 0,
        closed: 0,
        leases: new BindLeases({
          acquire: (claims, limits) => {
            worker.statements++
            const terms = { holder, ttlMs: 90_000, releaseAfterMs: 0 }
            return leaseSlots(link.database, terms, claims, limits)
          },
          release: (slots) => releaseSlots(link.database, holder, slots),
          closeBinds: async (_, slots) => void (worker.closed += slots.length),
          workers: () => this.#workers.size,
          ttlMs: 90_000,
          onChange: (connector, { slots }) => worker.held.set(connector, slots),
          lowerPace: () => undefined,
          onTrouble: (what, error) => {
            throw new Error(what, { cause: error })
          },
          now: () => this.#nowMs,
        }),
      }
      this.#workers.set(holder, worker)
    }
  }

  freeze(name: string): void {
    this.#frozen.add(name)
  }

  /** Removes the worker and ends its leases as if they had expired. */
  async kill(name: string): Promise<void> {
    this.#workers.delete(name)
    const text = `update bind_slots set held_until = now() - interval '1 s' where holder = $1`
    await link.database.pool.query(text, [name])
  }

  /** Runs rounds in which the workers take turns. */
  async rounds(count: number, after?: () => void): Promise<void> {
    for (let round = 0; round < count; round++) {
      this.#nowMs += ROUND_MS
      for (const leases of this.#running) {
        leases.want(this.#connectors)
        await leases.whenSettled()
      }
      after?.()
    }
  }

  /**
   * Runs the rounds of all workers at the same time, so that they lock rows and connectors that
   * other workers need.
   */
  async roundsAtOnce(count: number): Promise<void> {
    for (let round = 0; round < count; round++) {
      this.#nowMs += ROUND_MS
      for (const leases of this.#running) leases.want(this.#connectors)
      await Promise.all(this.#running.map((leases) => leases.whenSettled()))
    }
  }

  get #running(): BindLeases[] {
    return [...this.#workers].flatMap(([name, { leases }]) =>
      this.#frozen.has(name) ? [] : [leases],
    )
  }

  worker(name: string): Worker {
    const worker = this.#workers.get(name)
    if (!worker) throw new Error(`the worker ${name} is not running`)
    return worker
  }

  /** The number of slots that each worker believes it holds. */
  get held(): number[] {
    return [...this.#workers.values()].map(({ held }) => total(held))
  }

  get closed(): number {
    return [...this.#workers.values()].reduce((sum, { closed }) => sum + closed, 0)
  }

  /** The number of slots of each connector that are held by workers. */
  get heldByConnector(): number[] {
    const workers = [...this.#workers.values()]
    return this.#connectors.map(({ id }) =>
      sum(workers.map(({ held }) => held.get(id)?.length ?? 0)),
    )
  }
}

function total(held: ReadonlyMap<string, readonly number[]>): number {
  return [...held.values()].reduce((sum, slots) => sum + slots.length, 0)
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0)
}

test('1,000 connectors with one bind each are spread evenly as workers start and die', async () => {
  const fleet = new Fleet(1_000)
  fleet.start('a', 'b', 'c', 'd')
  await fleet.rounds(ROUNDS_TO_START)
  expect(sum(fleet.held)).toBe(1_000)
  for (const slots of fleet.held) expect(slots).toBeGreaterThanOrEqual(200)
  for (const slots of fleet.held) expect(slots).toBeLessThanOrEqual(300)
  expect(fleet.worker('a').statements).toBe(ROUNDS_TO_START)

  const closedBefore = fleet.closed
  fleet.start('e')
  await fleet.rounds(200 / HANDED_OVER_A_ROUND + 10, () =>
    expect(sum(fleet.held)).toBeGreaterThanOrEqual(1_000 - AT_ONCE_MAX),
  )
  for (const slots of fleet.held) expect(slots).toBeGreaterThanOrEqual(199)
  for (const slots of fleet.held) expect(slots).toBeLessThanOrEqual(201)
  // No bind was closed needlessly, and no more binds are closed after this.
  const { closed } = fleet
  expect(closed - closedBefore).toBeLessThanOrEqual(200 + 4)
  await fleet.rounds(5)
  expect(fleet.closed).toBe(closed)

  await fleet.kill('b')
  await fleet.rounds(4)
  expect(sum(fleet.held)).toBe(1_000)
  for (const slots of fleet.held) expect(slots).toBeGreaterThanOrEqual(200)
  for (const slots of fleet.held) expect(slots).toBeLessThanOrEqual(300)
}, 60_000)

test('workers whose rounds always coincide share the slots evenly', async () => {
  const fleet = new Fleet(200)
  fleet.start('a', 'b', 'c')
  await fleet.roundsAtOnce(10)
  expect(sum(fleet.held)).toBe(200)
  fleet.start('d')
  await fleet.roundsAtOnce(60)
  expect(sum(fleet.held)).toBeGreaterThanOrEqual(200 - AT_ONCE_MAX)
  for (const slots of fleet.held) expect(slots).toBeGreaterThanOrEqual(40)
  for (const slots of fleet.held) expect(slots).toBeLessThanOrEqual(60)
}, 60_000)

test('a worker that starts alone takes all slots, and a second one gets half of them', async () => {
  const fleet = new Fleet(60)
  fleet.start('a')
  await fleet.rounds(2)
  expect(fleet.held).toEqual([60])
  fleet.start('b')
  await fleet.rounds(30 / HANDED_OVER_A_ROUND + 4)
  expect(fleet.held).toEqual([30, 30])
})

test('after two rounds other workers take the slots that a frozen worker left free', async () => {
  const fleet = new Fleet(40)
  fleet.start('a', 'b', 'c', 'd')
  fleet.freeze('d')
  await fleet.rounds(2)
  expect(sum(fleet.held)).toBe(30)
  await fleet.rounds(3)
  expect(sum(fleet.held)).toBe(40)
  const { closed } = fleet
  await fleet.rounds(20)
  for (const slots of fleet.held.slice(0, 3)) expect(slots).toBeGreaterThanOrEqual(13)
  expect(fleet.closed - closed).toBeLessThanOrEqual(AT_ONCE_MAX)
})

test('the binds of each connector are divided between two workers one at a time', async () => {
  const fleet = new Fleet(5, 4)
  fleet.start('a')
  await fleet.rounds(1)
  fleet.start('b')
  const held = () => fleet.heldByConnector.reduce((least, slots) => Math.min(least, slots))
  await fleet.rounds(20, () => expect(held()).toBeGreaterThanOrEqual(3))
  for (const name of ['a', 'b'])
    for (const slots of fleet.worker(name).held.values()) expect(slots).toHaveLength(2)
})

test('no bind is closed for a process that asked for a slot and then died', async () => {
  const fleet = new Fleet(20)
  fleet.start('a', 'b')
  fleet.freeze('b')
  await fleet.rounds(4)
  expect(fleet.held).toEqual([20, 0])
  const text = `update bind_slots set asked_by = 'b', asked_at = now() - interval '11 s'`
  await link.database.pool.query(text)
  await fleet.rounds(3)
  expect(fleet.held).toEqual([20, 0])
  expect(fleet.closed).toBe(0)
})
