import { expect, test } from 'vitest'
import type { SlotClaim, SlotLease } from '../../cluster/bindSlotTable.ts'
import { connectorSchema } from '../../platform/connector.ts'
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

interface Script {
  workers?: () => number
  /** What the database grants; by default slots 1 and 2 with their shares. */
  grant?: (claim: SlotClaim) => SlotLease[]
}

function firstTwo({ shares }: SlotClaim): SlotLease[] {
  return [1, 2].map((slot) => ({ slot, pace: shares[slot - 1] ?? 0 }))
}

function leasesWith({ workers = () => 1, grant = firstTwo }: Script = {}) {
  const log: string[] = []
  const claims: SlotClaim[] = []
  let roundDone: () => void = () => undefined
  let nowMs = 1000
  const leases = new BindLeases({
    acquire: async (claim) => {
      claims.push(claim)
      log.push(`acquire up to ${claim.wanted}`)
      nowMs += 400 // a slow answer
      return grant(claim)
    },
    release: async (id, slots) => void log.push(`release ${id} ${slots.join()}`),
    closeBinds: async (id, slots) => {
      await Promise.resolve()
      log.push(`closed ${id} ${slots.join()}`)
    },
    workers,
    ttlMs: 90_000,
    onChange: (id, { slots, pace, heldUntilMs }) => {
      log.push(`hold ${id} ${slots.join()} at ${pace}/s until ${heldUntilMs}`)
      roundDone()
    },
    lowerPace: (id, pace) => log.push(`lower ${id} to ${pace}/s`),
    onTrouble: (what, error) => {
      throw new Error(what, { cause: error })
    },
    now: () => nowMs,
  })
  /** Resolves to what happened after this round of leasing. */
  const round = async (changes: Partial<typeof connector> = {}): Promise<string[]> => {
    log.length = 0
    const done = new Promise<void>((resolve) => (roundDone = resolve))
    leases.want([{ ...connector, ...changes }])
    await done
    return [...log]
  }
  const pass = (ms: number) => (nowMs += ms)
  return { claims, leases, log, pass, round }
}

test('a lease counts from before it was asked for; binds close before its release', async () => {
  const { leases, log, round } = leasesWith()
  expect(await round()).toEqual(['acquire up to 4', 'hold sim 1,2 at 6/s until 91000'])
  log.length = 0
  await leases.stop()
  expect(log).toEqual(['lower sim to 0/s', 'closed sim 1,2', 'release sim 1,2'])
})

test('workers share the binds of a connector, and the slots its pace', async () => {
  const { claims, leases, round } = leasesWith({ workers: () => 3 })
  await round()
  await leases.stop()
  expect(claims).toEqual([{ connector: 'sim', shares: [3, 3, 2, 2], wanted: 2 }])
})

test('of a connector that is disabled only the first slot is asked for', async () => {
  const { claims, leases, round } = leasesWith()
  await round({ enabled: false })
  await leases.stop()
  expect(claims).toEqual([{ connector: 'sim', shares: [10], wanted: 1 }])
})

test('a lower pace is kept before the database hears of it', async () => {
  const { leases, round } = leasesWith()
  await round()
  expect(await round({ tps: 4 })).toEqual([
    'lower sim to 2/s',
    'acquire up to 4',
    expect.stringContaining('at 2/s'),
  ])
  expect(await round({ tps: 8 })).toEqual(['acquire up to 4', expect.stringContaining('at 4/s')])
  await leases.stop()
})

test('a slot too many is closed, with its pace, before it is released', async () => {
  let workers = 1
  const { leases, round } = leasesWith({
    workers: () => workers,
    grant: (claim) => firstTwo(claim).slice(0, claim.wanted),
  })
  await round()
  workers = 4
  expect(await round()).toEqual([
    'lower sim to 3/s',
    'closed sim 2',
    'release sim 2',
    'acquire up to 1',
    expect.stringContaining('hold sim 1 at 3/s'),
  ])
  await leases.stop()
})

test('pace in another slot, or after the lease was over, counts as new', async () => {
  let slot = 1
  const { leases, pass, round } = leasesWith({ grant: () => [{ slot, pace: 3 }] })
  await round()
  slot = 2
  // Lowered first, so that what is new waits one window (flow/pacer.ts).
  expect(await round()).toEqual([
    'acquire up to 4',
    'lower sim to 0/s',
    expect.stringContaining('hold sim 2 at 3/s'),
  ])
  pass(100_000)
  expect(await round()).toContain('lower sim to 0/s')
  await leases.stop()
})
