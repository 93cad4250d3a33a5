// Mutants of message expiry, and of connectors that an operator paused, disabled or changed.

import { type Mutant, unitTest } from './mutant.ts'

const expiring = (test: string) => unitTest('components/workers/messageExpiry.test.ts', test)
const choosing = (test: string) => unitTest('routing/disabledConnectors.test.ts', test)
const changing = (test: string) => unitTest('components/workers/connectorChanges.test.ts', test)
const clearing = (test: string) => unitTest('components/workers/clearedConnector.test.ts', test)

export const connectorMutants: readonly Mutant[] = [
  {
    name: 'the expiry of a message is not checked in the tick in which it is written',
    invariant: '12',
    file: 'src/components/workers/connectorWork.ts',
    piece: 'if (!isOver(task, Date.now())) return task.work.isOurs',
    replacement: 'if (!isOver(task, 0)) return task.work.isOurs',
    guard: expiring('a message received after expiry is not sent, and the next message is sent'),
    says: /AssertionError: expected \[ .+ \] to deeply equal \[ '31612341001' \]/,
  },
  {
    name: 'a message that waits for the pace expires only when its turn comes',
    invariant: '12',
    file: 'src/components/workers/submitLane.ts',
    piece: `this.#ready.add(task)
    this.#expiry.notice(task.expiresAtMs)`,
    replacement: 'this.#ready.add(task)',
    guard: expiring('a message that waits for the pace expires on time, not when its turn comes'),
    says: /AssertionError: expected undefined to be defined/,
  },
  {
    name: 'a message waits in the database beyond its expiry',
    invariant: '12',
    file: 'src/components/workers/nextAttempt.ts',
    piece: 'return Math.min(nextMs, expiresAtMs ?? nextMs)',
    replacement: 'return nextMs',
    guard: expiring('the next attempt of a message is due no later than its expiry'),
    says: /AssertionError: expected [\d.]+ to be \d+/,
  },
  {
    name: 'the messages of a connector without a link do not expire',
    invariant: '12',
    file: 'src/components/workers/submitLane.ts',
    piece: 'return this.#sender.caresFor() ? Math.max(0, CARED_ENVELOPES - this.#entries) : 0',
    replacement: 'return 0',
    guard: unitTest(
      'components/workers/caredLanes.test.ts',
      'a message expires on time without a link, and a new link sends the others',
    ),
    says: /AssertionError: expected \[\] to deeply equal \[ 'expired' \]/,
  },
  {
    name: 'the lifetime that an account sets is ignored',
    invariant: '12',
    file: 'src/routing/admission.ts',
    piece: 'return receivedAtMs + defaultLifetimeSeconds * 1_000',
    replacement: 'return receivedAtMs + DEFAULT_LIFETIME_SECONDS * 1_000',
    guard: unitTest(
      'routing/admission.test.ts',
      'validity is taken from the message, or its account, or a default of 48 hours',
    ),
    says: /AssertionError: expected \[ .+ \] to deeply equal \[ .+ \]/,
  },
  {
    name: 'a disabled connector is chosen',
    invariant: '13b',
    file: 'src/routing/admission.ts',
    piece: 'connectors.get(id)?.enabled === true',
    replacement: 'connectors.has(id)',
    guard: choosing('a disabled connector is skipped for the next candidate'),
    says: /AssertionError: expected \{ .+ \} to match object \{ .+ \}/,
  },
  {
    name: 'a disabled connector causes a permanent refusal',
    invariant: '13b',
    file: 'src/routing/admission.ts',
    piece: 'unusable: refused(ESME_RTHROTTLED',
    replacement: 'unusable: refused(ESME_RINVDSTADR',
    guard: choosing('if all connectors are disabled, a temporary refusal names no connector'),
    says: /AssertionError: expected \{ .+ \} to match object \{ .+ \}/,
  },
  {
    name: 'a paused connector submits',
    invariant: '13b',
    file: 'src/components/workers/connectorWork.ts',
    piece: 'return !this.connector().paused && this.#pace.isOpen',
    replacement: 'return this.#pace.isOpen',
    guard: unitTest(
      'components/workers/pausedConnector.test.ts',
      'a paused connector releases its messages, submits none and keeps its bind',
    ),
    says: /AssertionError: expected \[ .+ \] to deeply equal \[ \[ '1', 'retry' \] \]/,
  },
  {
    name: 'the binds of a disabled connector stay open until their leases expire',
    invariant: '13b',
    file: 'src/components/workers/connectorPool.ts',
    piece: 'return slots.length > 0 ? this.#closeThenBind(id, entry, slots) : entry.work.wake()',
    replacement: 'return entry.work.wake()',
    guard: changing(
      'the binds of a disabled connector close immediately while its leases are held',
    ),
    says: /AssertionError: expected 2 to be \+?0/,
  },
  {
    name: 'a setting that needs new sessions reopens all binds at the same time',
    invariant: '13b',
    file: 'src/components/workers/connectorPool.ts',
    piece: 'await closeBinds(entry, [next.slot],',
    replacement: 'await closeBinds(entry, [...entry.binds.keys()],',
    guard: changing('binds that need a new session are replaced one at a time'),
    says: /AssertionError: expected \+?0 to be greater than or equal to 2/,
  },
  {
    name: 'a change of the pace reopens the binds',
    invariant: '13b',
    file: 'src/components/workers/upstreamBind.ts',
    piece: 'return this.#terms !== sessionTerms(this.#connector)',
    replacement:
      'return this.#connector.tps === 5 || this.#terms !== sessionTerms(this.#connector)',
    guard: changing('a change of pace, window, timers or rules keeps the session open'),
    says: /AssertionError: expected \+?0 to be 1/,
  },
  {
    name: 'a disabled connector that keeps its messages is cleared',
    invariant: '13b',
    file: 'src/components/workers/clearedOutcome.ts',
    piece: `return !enabled && waiting !== 'keep'`,
    replacement: 'return !enabled && waiting !== undefined',
    guard: clearing('messages stay on the queues of a disabled connector with the setting "keep"'),
    says: /AssertionError: expected \[\] to have a length of 3/,
  },
]
