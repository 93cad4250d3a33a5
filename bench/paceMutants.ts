// Mutants of the pace of connectors, of the leases of bind slots, and of the clock.

import { type Mutant, unitTest } from './mutant.ts'

const pacing = (test: string) => unitTest('flow/pacer.test.ts', test)
const leasing = (test: string) => unitTest('components/workers/bindLeases.test.ts', test)
const spreading = (test: string) => unitTest('components/workers/bindSpread.test.ts', test)
const FROZEN = 'after two rounds other workers take the slots that a frozen worker left free'

export const paceMutants: readonly Mutant[] = [
  {
    name: 'a pace counts over 750 ms',
    invariant: '7',
    file: 'src/flow/pacer.ts',
    piece: 'const WINDOW_MS = 1000',
    replacement: 'const WINDOW_MS = 750',
    guard: pacing('no sliding second contains more sends than the rate, whatever the burst'),
    says: /Error: Property failed after \d+ tests/,
  },
  {
    name: 'messages are sent in bursts of the whole pace',
    invariant: '7',
    file: 'src/flow/pacer.ts',
    piece: 'Math.max(this.#dueMs, nowMs - lateMs) + this.#intervalMs',
    replacement: 'Math.max(this.#dueMs, nowMs - lateMs)',
    guard: pacing('sends at 20 a second are 51 ms apart'),
    says: /AssertionError: expected \[ .+ \] to have a length of \d+/,
  },
  {
    name: 'a process that takes over pace does not wait a second after the sends of others',
    invariant: '7',
    file: 'src/flow/pacer.ts',
    piece: 'const fromMs = nowMs + windowOf(rate) + WINDOW_MARGIN_MS',
    replacement: 'const fromMs = nowMs',
    guard: pacing('a higher rate takes effect one window later, and a lower rate immediately'),
    says: /AssertionError: expected \d+ to be greater than or equal to 1000/,
  },
  {
    name: 'the window counts from the turn in which a message was taken, not from its write',
    invariant: '7',
    file: 'src/flow/pacer.ts',
    piece: 'send < this.#sends; send++) this.#ring[this.#placeOf(send)] = nowMs',
    replacement: 'send < first; send++) this.#ring[this.#placeOf(send)] = nowMs',
    guard: pacing('the window begins when a message is written, not when it is taken'),
    says: /AssertionError: expected \d+ to be greater than or equal to 1000/,
  },
  {
    name: 'every bind slot gets the whole pace of its connector',
    invariant: '7',
    file: 'src/components/workers/bindLeases.ts',
    piece: '(_, index) => paceShare(tps, binds, index + 1)',
    replacement: '(_, index) => (paceShare(tps, binds, index + 1) > 0 ? tps : 0)',
    guard: leasing('binds are divided among the workers, and pace among the slots'),
    says: /AssertionError: expected \[ .+ \] to deeply equal \[ .+ \]/,
  },
  {
    name: 'a lower pace is written to the database before the process applies it',
    invariant: '7',
    file: 'src/components/workers/bindLeases.ts',
    piece: 'this.#keep(id, ({ slot }) => shares[slot - 1] ?? 0)',
    replacement: '',
    guard: leasing('a lower pace takes effect before the claim is sent to the database'),
    says: /AssertionError: expected \[ .+ \] to deeply equal \[ 'lower sim .+ \]/,
  },
  {
    name: 'the database grants pace that other slots have not yet given up',
    invariant: '7',
    file: 'src/database/migrations/0027_lease_all_slots.sql',
    piece: `- coalesce((select sum(live.pace) from live where live.connector = claim.connector
              and not exists (select from mine
                where mine.connector = live.connector and mine.slot = live.slot)), 0)`,
    replacement: '- 0',
    guard: unitTest(
      'cluster/bindSlotTable.test.ts',
      'a new slot gets no share of the pace that other slots have not yet given up',
    ),
    says: /AssertionError: expected \[ .+ \] to deeply equal \[ .+ \]/,
  },
  {
    name: 'a lease lasts longer in its process than in the database',
    invariant: '6',
    file: 'src/components/workers/bindLeases.ts',
    piece: 'askedAtMs + this.#options.ttlMs',
    replacement: 'askedAtMs + this.#options.ttlMs + 1_000',
    guard: leasing(
      'a lease begins at its request, and binds close before their slots are released',
    ),
    says: /AssertionError: expected \[ .+ \] to deeply equal \[ .+ \]/,
  },
  {
    name: 'a slot that was released during a lease request counts as held again',
    invariant: '6',
    file: 'src/components/workers/bindLeases.ts',
    piece: '({ connector, slot }) => !leaving.get(connector)?.has(slot),',
    replacement: '() => true,',
    guard: leasing('a slot whose bind is closing delays no other leases and is not leased again'),
    says: /AssertionError: expected \[ .+ \] to deeply equal \[ .+ \]/,
  },
  {
    name: 'a process takes all free slots, however many others there are',
    invariant: '6b',
    file: 'src/components/workers/bindLeases.ts',
    piece: 'return Math.ceil(slots / Math.max(1, this.#options.workers()))',
    replacement: 'return slots',
    guard: leasing('one statement leases the slots of all connectors, and another releases them'),
    says: /AssertionError: expected 'acquire up to 1000 .+' to be 'acquire up to 334 .+'/,
  },
  {
    name: 'a free slot is reserved for a worker that never takes it',
    invariant: '6b',
    file: 'src/components/workers/bindLeases.ts',
    piece: 'freeMs >= ROUNDS_OF_PATIENCE * this.#searchMs',
    replacement: 'freeMs >= Number.POSITIVE_INFINITY',
    guard: spreading(FROZEN),
    says: /AssertionError: expected 3\d to be 40/,
  },
  {
    name: 'a process with fewer slots than others asks for none',
    invariant: '6b',
    file: 'src/database/migrations/0027_lease_all_slots.sql',
    piece: 'if asked_max > 0 then',
    replacement: 'if asked_max < 0 then',
    guard: spreading(
      'a worker that starts alone takes all slots, and a second one gets half of them',
    ),
    says: /AssertionError: expected \[ 60, \+?0 \] to deeply equal \[ 30, 30 \]/,
  },
  {
    name: 'a locked slot delays the leases of all connectors',
    invariant: '9b',
    file: 'src/database/migrations/0027_lease_all_slots.sql',
    piece: `order by b.connector, b.slot for update skip locked),
    renewed as (`,
    replacement: `order by b.connector, b.slot for update),
    renewed as (`,
    guard: unitTest(
      'cluster/bindSlotTable.test.ts',
      'a connector locked by another transaction does not delay other connectors',
    ),
    says: /AssertionError: expected \[ 'c11', .+ \] to deeply equal \[ 'c12', 'c13' \]/,
  },
  {
    name: 'a slot is released before its link is closed',
    invariant: '6',
    file: 'src/components/workers/connectorPool.ts',
    piece: 'await Promise.all(slots.flatMap((slot) => entry.closing.get(slot) ?? []))',
    replacement: '',
    guard: unitTest(
      'components/workers/connectorPool.test.ts',
      'a slot is given up only after its link is closed',
    ),
    says: /AssertionError: expected \[ .+ \] to deeply equal \[ 'answered', .+ \]/,
  },
  {
    name: 'a bind whose lease has expired stays open until there is a message to send',
    invariant: '6',
    file: 'src/components/workers/upstreamBind.ts',
    piece: 'this.#leaseEnd = setTimeout(() => this.#leaseRanOut(), leftMs)',
    replacement: 'this.#leaseEnd = setTimeout(() => undefined, leftMs)',
    guard: unitTest(
      'components/workers/upstreamBind.test.ts',
      'a bind is closed when its lease expires, even if there is nothing to send',
    ),
    says: /Error: expected true to be false/,
  },
  {
    name: 'the time that processes compare jumps with the wall clock',
    invariant: '7',
    file: 'src/flow/steadyClock.ts',
    piece: 'return Math.floor(this.#offsetMs + performance.now())',
    replacement: 'return Date.now()',
    guard: unitTest(
      'flow/steadyClock.test.ts',
      'a step of the wall clock by 3600000 ms is ignored',
    ),
    says: /AssertionError: expected \d+ to be less than \d+/,
  },
]
