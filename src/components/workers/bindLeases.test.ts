import { expect, test } from 'vitest'
import { connectorSchema } from '../../platform/connector.ts'
import { BindLeases } from './bindLeases.ts'

const connector = connectorSchema.parse({
  id: 'sim',
  host: 'x',
  port: 1,
  systemId: 's',
  password: 'p',
  binds: 4,
})

function leasesWith(options: { workers: number; slots?: number[] }) {
  const log: string[] = []
  const wanted: number[] = []
  const slots: number[] = []
  let firstRound: () => void = () => undefined
  const round = new Promise<void>((resolve) => (firstRound = resolve))
  let nowMs = 1000
  const leases = new BindLeases({
    acquire: async (claim) => {
      wanted.push(claim.wanted)
      slots.push(claim.slots)
      nowMs += 400 // a slow answer
      return options.slots ?? [1, 2]
    },
    release: async (id, slots) => void log.push(`release ${id} ${slots.join()}`),
    closeBinds: async (id, slots) => void log.push(`close ${id} ${slots.join()}`),
    workers: () => options.workers,
    ttlMs: 90_000,
    onChange: (id, slots, heldUntilMs) => {
      log.push(`hold ${id} ${slots.join()} until ${heldUntilMs}`)
      firstRound()
    },
    onTrouble: (what, error) => {
      throw new Error(what, { cause: error })
    },
    now: () => nowMs,
  })
  return { leases, log, round, slots, wanted }
}

test('a lease counts from before it was asked for; binds close before its release', async () => {
  const { leases, log, round } = leasesWith({ workers: 1 })
  leases.want([connector])
  await round
  await leases.stop()
  expect(log).toEqual(['hold sim 1,2 until 91000', 'close sim 1,2', 'release sim 1,2'])
})

test('workers share the binds of a connector', async () => {
  const { leases, round, wanted } = leasesWith({ workers: 3 })
  leases.want([connector])
  await round
  await leases.stop()
  expect(wanted).toEqual([2])
})

test('of a connector that is disabled only the first slot is asked for', async () => {
  const { leases, round, slots, wanted } = leasesWith({ workers: 1, slots: [1] })
  leases.want([{ ...connector, enabled: false }])
  await round
  await leases.stop()
  expect({ slots, wanted }).toEqual({ slots: [1], wanted: [1] })
})
