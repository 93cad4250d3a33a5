// Mutants of messages that wait for a paused, disabled, cleared or deleted connector.

import { type Mutant, unitTest } from './mutant.ts'

const rotating = (test: string) => unitTest('components/workers/caredLanes.test.ts', test)

export const waitingMutants: readonly Mutant[] = [
  {
    name: 'envelopes are returned before their messages are answered',
    invariant: '8',
    file: 'src/components/workers/envelopeRotation.ts',
    piece: 'filter(({ inFlight }) => inFlight === 0)',
    replacement: 'filter(({ inFlight }) => inFlight >= 0)',
    guard: unitTest(
      'components/workers/pausedConnector.test.ts',
      'an envelope is returned only after all answers to its messages have arrived',
    ),
    says: /AssertionError: expected \[ .+ \] to have a length of 200 but got \d+/,
  },
  {
    name: 'messages in flight when a connector is disabled are moved or purged',
    invariant: '8',
    file: 'src/components/workers/envelopeRotation.ts',
    piece: 'filter(({ inFlight }) => inFlight === 0)',
    replacement: 'filter(({ inFlight }) => inFlight >= 0)',
    guard: unitTest(
      'components/workers/clearedInFlight.test.ts',
      'messages in flight are neither purged nor moved: {"waiting":"purge","end":"failed"}',
    ),
    says: /AssertionError: expected .+ to (be|have a length of) \d+/,
  },
  {
    name: 'a lane that is full when its connector is paused never looks at other envelopes',
    invariant: '12',
    file: 'src/components/workers/submitLane.ts',
    piece: `this.#rotation.consider()
    this.#consumer.wake()`,
    replacement: 'this.#consumer.wake()',
    guard: rotating(
      'messages left on the queue expire when a connector is paused with a full lane',
    ),
    says: /AssertionError: expected \[\] to include 'expired'/,
  },
  {
    name: 'a lane holds the same few envelopes until the link is back',
    invariant: '12',
    file: 'src/components/workers/envelopeRotation.ts',
    piece: 'this.#timer = setTimeout(() => this.#rotate(), ROTATE_MS)',
    replacement: 'this.#timer = setTimeout(() => this.#rotate(), 1_000 * ROTATE_MS)',
    guard: rotating('a message deep in a queue expires on time, though only 16 envelopes are held'),
    says: /AssertionError: expected \[\] to deeply equal \[ .+ \]/,
  },
  {
    name: 'an expired message is purged instead of expired',
    invariant: '12',
    file: 'src/components/workers/connectorWork.ts',
    piece: 'if (!this.#mayGo(task)) continue',
    replacement: 'if (!task.work.isOurs) continue',
    guard: unitTest(
      'components/workers/clearedConnector.test.ts',
      'clearing a connector expires the messages whose validity has ended: "purge"',
    ),
    says: /AssertionError: expected \[ .+ \] to deep equally contain .+/,
  },
  {
    name: 'the last attempt counts as refused although its message had expired',
    invariant: '12',
    file: 'src/components/workers/connectorWork.ts',
    piece: 'if (isOver(task, atMs)) return this.expire(task)',
    replacement: '',
    guard: unitTest(
      'components/workers/messageExpiry.test.ts',
      'a message expires if its last attempt ends after expiry by the database clock',
    ),
    says: /AssertionError: expected \[ 'failed', 'failed' \] to deeply equal \[ .+ \]/,
  },
  {
    name: 'other workers are not notified of a bind again after its leases were lost',
    invariant: '12',
    file: 'src/components/workers/caretaker.ts',
    piece: `known.told = ''
    // The object`,
    replacement: `known.told = known.told.slice()
    // The object`,
    guard: unitTest(
      'components/workers/caretaker.test.ts',
      'other processes are told again if the leases were lost or may have been lost',
    ),
    says: /AssertionError: expected \[ .+ \] to have a length of 2 but got 1/,
  },
  {
    name: 'a worker keeps receiving from the queues of a deleted connector',
    invariant: '13b',
    file: 'src/components/workers/connectorPool.ts',
    piece: 'this.#entries.delete(id)',
    replacement: 'this.#entries.get(id)',
    guard: unitTest(
      'components/workers/deletedConnector.test.ts',
      'the queues of a deleted connector are no longer polled',
    ),
    says: /AssertionError: expected \[ .+ \] to deeply equal \[\]/,
  },
  {
    name: 'a connector that is recreated while its binds close keeps an old bind',
    invariant: '6',
    file: 'src/components/workers/connectorPool.ts',
    piece: 'if (this.#connectors.has(id)) return',
    replacement: '',
    guard: unitTest(
      'components/workers/deletedConnector.test.ts',
      'a connector created again while its binds close never has too many binds',
    ),
    says: /AssertionError: expected 3 to be 2/,
  },
]
