import { beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import type { EnvelopeClaim, OwnerBeat, WantedEnvelope } from '../../message/checkpointTable.ts'
import { EnvelopeOwnership } from './envelopeOwnership.ts'

const LEASE_MS = 30_000
const A = { envelopeId: 'a', begins: true }
const ROUND_MS = LEASE_MS / 3

/** Owners and claims, stored in memory instead of a database. A test may make them unavailable. */
function ownersInMemory() {
  const beats = new Map<string, number>()
  const claims = new Map<string, string>()
  const database = { away: false }
  const ask = () => {
    if (database.away) throw new Error('away')
  }
  const store = {
    appear: async (owner: string) => {
      ask()
      beats.set(owner, 0)
    },
    beat: async (owner: string) => {
      ask()
      const beat = beats.get(owner)
      if (beat === undefined) return false
      beats.set(owner, beat + 1)
      return true
    },
    others: async (owner: string): Promise<OwnerBeat[]> => {
      ask()
      return [...beats].flatMap(([other, beat]) =>
        other === owner ? [] : [{ owner: other, beat: String(beat) }],
      )
    },
    disown: async (dead: readonly OwnerBeat[]) => {
      for (const { owner, beat } of dead) if (String(beats.get(owner)) === beat) beats.delete(owner)
    },
    leave: async (owner: string) => void beats.delete(owner),
    release: async (owner: string, ids: readonly string[]) => {
      ask()
      for (const id of ids) if (claims.get(id) === owner) claims.delete(id)
    },
    claim: async (owner: string, wanted: readonly WantedEnvelope[]) => {
      ask()
      return new Map(
        wanted.map(({ envelopeId: id }): [string, EnvelopeClaim] => [id, claimOf(owner, id)]),
      )
    },
  }
  const claimOf = (owner: string, id: string): EnvelopeClaim => {
    const former = claims.get(id)
    if (former !== undefined && former !== owner && beats.has(former)) return { kind: 'held' }
    claims.set(id, owner)
    const nothing = { outcomes: Buffer.alloc(0), unanswered: Buffer.alloc(0), takeovers: 0 }
    return { kind: 'claimed', owner, hasBegun: true, ...nothing, isTakenOver: former !== undefined }
  }
  return { database, store }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  onTestFinished(() => void vi.useRealTimers())
})

async function startOwner(store: ReturnType<typeof ownersInMemory>['store']) {
  const told = { held: 0, disowned: 0 }
  const ownership = new EnvelopeOwnership({ store, leaseMs: LEASE_MS, onTrouble: () => undefined })
  ownership.listen({ onHeld: () => told.held++, onDisowned: () => told.disowned++ })
  await ownership.start()
  onTestFinished(() => ownership.stop())
  return { ownership, told }
}

test('an envelope that one process has claimed is "held" for every other process', async () => {
  const { store } = ownersInMemory()
  const { ownership: one } = await startOwner(store)
  const { ownership: two } = await startOwner(store)
  expect(await one.claim('a', true)).toMatchObject({ kind: 'claimed' })
  expect(await two.claim('a', true)).toEqual({ kind: 'held' })
  await vi.advanceTimersByTimeAsync(20 * LEASE_MS)
  expect(await two.claim('a', true)).toEqual({ kind: 'held' })
})

test('the envelopes of a dead process are taken over only after a full lease', async () => {
  const { store } = ownersInMemory()
  await store.appear('dead')
  await store.claim('dead', [A])
  const { ownership } = await startOwner(store)
  await vi.advanceTimersByTimeAsync(LEASE_MS - 1)
  expect(await ownership.claim('a', true)).toEqual({ kind: 'held' })
  await vi.advanceTimersByTimeAsync(ROUND_MS + 1)
  expect(await ownership.claim('a', true)).toMatchObject({ kind: 'claimed', isTakenOver: true })
})

test('after a database outage every owner has a full lease to send a heartbeat', async () => {
  const { database, store } = ownersInMemory()
  await store.appear('slow')
  await store.claim('slow', [A])
  const { ownership } = await startOwner(store)
  database.away = true
  await vi.advanceTimersByTimeAsync(10 * LEASE_MS)
  database.away = false
  await vi.advanceTimersByTimeAsync(LEASE_MS - 1)
  expect(await ownership.claim('a', true)).toEqual({ kind: 'held' })
  await store.beat('slow')
  await vi.advanceTimersByTimeAsync(LEASE_MS - 1)
  expect(await ownership.claim('a', true)).toEqual({ kind: 'held' })
  await vi.advanceTimersByTimeAsync(ROUND_MS + 2)
  expect(await ownership.claim('a', true)).toMatchObject({ kind: 'claimed' })
})

test('during a database outage, sending stops after one lease and resumes afterwards', async () => {
  const { database, store } = ownersInMemory()
  const { ownership, told } = await startOwner(store)
  database.away = true
  await vi.advanceTimersByTimeAsync(LEASE_MS - 1)
  expect(ownership.isHeld(performance.now())).toBe(true)
  await vi.advanceTimersByTimeAsync(1)
  expect(ownership.isHeld(performance.now())).toBe(false)
  const held = told.held
  database.away = false
  await vi.advanceTimersByTimeAsync(1_000)
  expect(ownership.isHeld(performance.now())).toBe(true)
  expect(told).toEqual({ held: held + 1, disowned: 0 })
})

test('a lease begins when its heartbeat is sent, not when the database answers', async () => {
  const { store } = ownersInMemory()
  const { beat } = store
  store.beat = async (owner) => {
    await new Promise((resolve) => setTimeout(resolve, 5_000))
    return beat(owner)
  }
  const { ownership } = await startOwner(store)
  await vi.advanceTimersByTimeAsync(ROUND_MS + 5_000)
  expect(ownership.isHeld(ROUND_MS + LEASE_MS - 1)).toBe(true)
  expect(ownership.isHeld(performance.now() - 5_000 + LEASE_MS)).toBe(false)
})

test('a disowned process notifies its listeners and continues as a new owner', async () => {
  const { store } = ownersInMemory()
  const { ownership, told } = await startOwner(store)
  expect(await ownership.claim('a', true)).toMatchObject({ kind: 'claimed' })
  await store.appear('observer')
  await store.disown(await store.others('observer'))
  expect(await store.claim('observer', [A])).toBeDefined()
  await vi.advanceTimersByTimeAsync(ROUND_MS)
  expect(told.disowned).toBe(1)
  expect(await ownership.claim('a', true)).toEqual({ kind: 'held' })
  expect(await ownership.claim('b', true)).toMatchObject({ kind: 'claimed', isTakenOver: false })
})

test('the time in which a process was suspended does not count against other owners', async () => {
  const { store } = ownersInMemory()
  await store.appear('other')
  await store.claim('other', [A])
  let stoppedMs = 0
  const ownership = new EnvelopeOwnership({
    store,
    leaseMs: LEASE_MS,
    onTrouble: () => undefined,
    now: () => performance.now() + stoppedMs,
  })
  await ownership.start()
  onTestFinished(() => ownership.stop())
  stoppedMs = 10 * LEASE_MS
  await vi.advanceTimersByTimeAsync(LEASE_MS - 1)
  expect(await ownership.claim('a', true)).toEqual({ kind: 'held' })
})

test('a second claim in the same process is "held" until letGo() is called', async () => {
  const { store } = ownersInMemory()
  const { ownership } = await startOwner(store)
  const both = [ownership.claim('a', true), ownership.claim('a', true)]
  expect((await Promise.all(both)).map(({ kind }) => kind)).toEqual(['claimed', 'held'])
  expect(await ownership.claim('a', true)).toEqual({ kind: 'held' })
  ownership.letGo('a', true)
  expect(await ownership.claim('a', true)).toMatchObject({ kind: 'claimed' })
})

test('if the answer to a claim is lost, others can claim the envelope a round later', async () => {
  const { store } = ownersInMemory()
  const { claim } = store
  const { ownership: one } = await startOwner(store)
  const { ownership: two } = await startOwner(store)
  store.claim = async (owner, wanted) => {
    await claim(owner, wanted)
    throw new Error('the answer was lost')
  }
  await expect(one.claim('a', true)).rejects.toThrow('the answer was lost')
  store.claim = claim
  expect(await two.claim('a', true)).toEqual({ kind: 'held' })
  await vi.advanceTimersByTimeAsync(ROUND_MS)
  expect(await two.claim('a', true)).toMatchObject({ kind: 'claimed' })
})
