import { expect, onTestFinished, test, vi } from 'vitest'
import type { SlotAnswer, SlotClaim, SlotLease } from '../../cluster/bindSlotTable.ts'
import { QueryRefused } from '../../database/database.ts'
import { type Connector, connectorSchema } from '../../platform/connector.ts'
import { BindLeases } from './bindLeases.ts'

const connector = connectorSchema.parse({
  id: 'sim',
  host: 'x',
  port: 1,
  systemId: 's',
  password: 'p',
  binds: 4,
  tps: 10,
})
const NOTHING: SlotAnswer = { leases: [], locked: [], free: [], awaited: [], hasMissed: false }

interface Script {
  workers?: () => number
  /**
   * The slots that the database grants for a claim. The default is slots 1 and 2, each with its
   * share of the pace.
   */
  grant?: (claim: SlotClaim) => (SlotLease & { isAsked?: boolean })[]
  /** Further fields of the database's answer. */
  answer?: () => Partial<SlotAnswer>
  closeBinds?: () => Promise<void>
  /** Runs before the database's answer arrives. */
  meanwhile?: () => Promise<void>
}

function firstTwo({ shares }: SlotClaim): SlotLease[] {
  return [1, 2].map((slot) => ({ slot, pace: shares[slot - 1] ?? 0 }))
}

/**
 * The bind leases of one process, with a scripted database. The timers are fake, so a round runs
 * only when the test starts it.
 */
function leasesWith({
  workers = () => 1,
  grant = firstTwo,
  answer = () => ({}),
  closeBinds = () => Promise.resolve(),
  meanwhile = () => Promise.resolve(),
}: Script = {}) {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const log: string[] = []
  const claims: SlotClaim[][] = []
  const troubles: string[] = []
  let nowMs = 1000
  const leases = new BindLeases({
    acquire: async (some, { asks, most }) => {
      claims.push([...some])
      log.push(`acquire up to ${most}${asks > 0 ? ' and ask' : ''}`)
      nowMs += 400 // a slow answer
      const granted = some.flatMap((claim) =>
        grant(claim).map((lease) => ({ connector: claim.connector, isAsked: false, ...lease })),
      )
      await meanwhile()
      return { ...NOTHING, leases: granted, ...answer() }
    },
    release: async (slots) =>
      void log.push(`release ${slots.map((one) => `${one.connector} ${one.slot}`).join()}`),
    closeBinds: async (id, slots) => {
      await closeBinds()
      log.push(`closed ${id} ${slots.join()}`)
    },
    workers,
    ttlMs: 90_000,
    onChange: (id, { slots, pace, heldUntilMs }) =>
      log.push(`hold ${id} ${slots.join()} at ${pace}/s until ${heldUntilMs}`),
    lowerPace: (id, pace) => log.push(`lower ${id} to ${pace}/s`),
    onTrouble: (what) => void troubles.push(what),
    now: () => nowMs,
  })
  /** Runs one round of leasing and resolves to the lines that it logged. */
  const roundOf = async (connectors: readonly Connector[]): Promise<string[]> => {
    log.length = 0
    leases.want(connectors)
    await leases.whenSettled()
    return [...log]
  }
  const round = (changes: Partial<Connector> = {}) => roundOf([{ ...connector, ...changes }])
  const pass = (ms: number) => (nowMs += ms)
  return { claims, leases, log, pass, round, roundOf, troubles }
}

test('a lease begins at its request, and binds close before their slots are released', async () => {
  const { leases, log, round } = leasesWith()
  expect(await round()).toEqual(['acquire up to 4 and ask', 'hold sim 1,2 at 6/s until 91000'])
  log.length = 0
  await leases.stop()
  expect(log).toEqual(['lower sim to 0/s', 'closed sim 1,2', 'release sim 1,sim 2'])
})

test('binds are divided among the workers, and pace among the slots', async () => {
  const { claims, round } = leasesWith({ workers: () => 3 })
  await round()
  const shares = [3, 3, 2, 2]
  expect(claims).toEqual([[{ connector: 'sim', shares, wanted: 2, isOverdue: false }]])
})

test('only the first slot of a disabled connector is claimed', async () => {
  const { claims, round } = leasesWith()
  await round({ enabled: false })
  expect(claims).toEqual([[{ connector: 'sim', shares: [10], wanted: 1, isOverdue: false }]])
})

test('one statement leases the slots of all connectors, and another releases them', async () => {
  const { claims, leases, log, roundOf } = leasesWith({
    workers: () => 3,
    grant: () => [{ slot: 1, pace: 1 }],
  })
  const many = Array.from({ length: 1_000 }, (_, index) => ({
    ...connector,
    id: `c${index}`,
    binds: 1,
  }))
  const happened = await roundOf(many)
  expect(happened).toHaveLength(1 + 1_000)
  expect(happened[0]).toBe('acquire up to 334 and ask')
  expect(claims[0]).toHaveLength(1_000)
  log.length = 0
  await leases.stop()
  expect(log.filter((line) => line.startsWith('release'))).toHaveLength(1)
})

test('a lower pace takes effect before the claim is sent to the database', async () => {
  const { round } = leasesWith()
  await round()
  expect(await round({ tps: 4 })).toEqual([
    'lower sim to 2/s',
    'acquire up to 4',
    expect.stringContaining('at 2/s'),
  ])
  expect(await round({ tps: 8 })).toEqual(['acquire up to 4', expect.stringContaining('at 4/s')])
})

test('an excess slot loses its pace and its bind before it is released', async () => {
  const { round } = leasesWith({ grant: (claim) => firstTwo(claim).slice(0, claim.shares.length) })
  await round()
  const happened = await round({ binds: 1 })
  expect(happened.slice(0, 2)).toEqual(['lower sim to 3/s', 'acquire up to 1'])
  expect(happened).toContain('hold sim 1 at 10/s until 91400')
  expect(happened.indexOf('closed sim 2')).toBeLessThan(happened.indexOf('release sim 2'))
})

test('a bind closes before its slot is released to a process that asks for the slot', async () => {
  let isAsked = false
  const grant = (claim: SlotClaim) =>
    firstTwo(claim).map((lease) => ({ ...lease, isAsked: isAsked && lease.slot === 2 }))
  const { round } = leasesWith({ grant })
  await round()
  isAsked = true
  expect((await round()).slice(2)).toEqual(['lower sim to 3/s', 'closed sim 2', 'release sim 2'])
})

test('a slot whose bind is closing delays no other leases and is not leased again', async () => {
  const closing = Promise.withResolvers<void>()
  let isAsked = true
  const { leases, log } = leasesWith({
    grant: (claim) => firstTwo(claim).map((lease) => ({ ...lease, isAsked })),
    closeBinds: () => closing.promise,
    meanwhile: async () => {
      if (isAsked) return
      // The second answer still lists both slots, although they are released before it arrives.
      closing.resolve()
      await vi.waitUntil(() => log.includes('release sim 1,sim 2'))
    },
  })
  leases.want([connector])
  await vi.waitUntil(() => log.includes('lower sim to 0/s'))
  log.length = 0
  isAsked = false
  leases.want([connector])
  await leases.whenSettled()
  expect(log).toEqual([
    'acquire up to 4',
    'closed sim 1',
    'closed sim 2',
    'release sim 1,sim 2',
    'hold sim  at 0/s until 91400',
  ])
})

test('at most ten slots are handed over at a time', async () => {
  const grant = () => [{ slot: 1, pace: 1, isAsked: true }]
  const { roundOf } = leasesWith({ grant })
  const many = Array.from({ length: 30 }, (_, index) => ({ ...connector, id: `c${index}` }))
  const closed = (await roundOf(many)).filter((line) => line.startsWith('closed'))
  expect(closed).toHaveLength(10)
})

test('pace of a new slot, or of an ended lease, takes effect one second later', async () => {
  let slot = 1
  const { pass, round } = leasesWith({ grant: () => [{ slot, pace: 3 }] })
  await round()
  slot = 2
  // The pace is lowered first, so that the pacer (flow/pacer.ts) counts the granted pace as an
  // increase, which takes effect one second later.
  expect(await round()).toEqual([
    'acquire up to 4',
    'lower sim to 0/s',
    expect.stringContaining('hold sim 2 at 3/s'),
  ])
  pass(100_000)
  expect(await round()).toContain('lower sim to 0/s')
})

test('the leases of a connector that another transaction locks remain unchanged', async () => {
  let isLocked = false
  const { round } = leasesWith({
    grant: (claim) => (isLocked ? [] : firstTwo(claim)),
    answer: () => ({ locked: isLocked ? ['sim'] : [] }),
  })
  await round()
  isLocked = true
  expect(await round()).toEqual(['acquire up to 4'])
  isLocked = false
  expect(await round()).toEqual(['acquire up to 4', 'hold sim 1,2 at 6/s until 91800'])
})

test('a process exceeds its share to take slots that stay free for two rounds', async () => {
  const { claims, pass, round } = leasesWith({
    workers: () => 4,
    grant: () => [],
    answer: () => ({ free: ['sim'] }),
  })
  await round()
  pass(3_999)
  await round()
  expect(claims.at(-1)).toMatchObject([{ wanted: 1, isOverdue: false }])
  pass(1)
  await round()
  expect(claims.at(-1)).toMatchObject([{ wanted: 4, isOverdue: true }])
})

test('a slot that this process asked for is taken as soon as it is free', async () => {
  let answer: Partial<SlotAnswer> = { awaited: ['sim'] }
  const { claims, round } = leasesWith({ workers: () => 4, grant: () => [], answer: () => answer })
  await round()
  answer = {}
  await round()
  expect(claims.at(-1)).toMatchObject([{ wanted: 4, isOverdue: true }])
  await round()
  expect(claims.at(-1)).toMatchObject([{ wanted: 1, isOverdue: false }])
})

test('a connector that the database refuses is claimed alone and delays no others', async () => {
  let isBad = true
  const { claims, roundOf, troubles } = leasesWith({
    grant: (claim) => {
      if (isBad && claim.connector === 'bad')
        throw new QueryRefused('no', '22003', { cause: undefined })
      return [{ slot: 1, pace: 1 }]
    },
  })
  const all = ['a', 'b', 'bad', 'c', 'd'].map((id) => ({ ...connector, id }))
  const held = async () =>
    (await roundOf(all)).flatMap((line) => /^hold (\w+) 1 /.exec(line)?.[1] ?? [])
  expect(await held()).toEqual(['a', 'b', 'c', 'd'])
  expect(troubles).toEqual(['renewing the binds of bad'])
  claims.length = 0
  expect(await held()).toEqual(['a', 'b', 'c', 'd'])
  expect(claims.map((some) => some.length)).toEqual([4, 1])
  isBad = false
  expect(await held()).toEqual(['a', 'b', 'bad', 'c', 'd'])
  claims.length = 0
  await held()
  expect(claims).toHaveLength(1)
})
