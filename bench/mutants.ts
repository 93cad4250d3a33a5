// All mutants of `npm run prove -- mutants`. This file defines the mutants of the path of a
// message; the other files define theirs by subject.

import { accessMutants } from './accessMutants.ts'
import { connectorMutants } from './connectorMutants.ts'
import { databaseMutants } from './databaseMutants.ts'
import { type Guard, type Mutant, unitTest } from './mutant.ts'
import { outboxMutants } from './outboxMutants.ts'
import { paceMutants } from './paceMutants.ts'
import { receiptMutants } from './receiptMutants.ts'
import { signInMutants } from './signInMutants.ts'
import { upkeepMutants } from './upkeepMutants.ts'
import { waitingMutants } from './waitingMutants.ts'
import { workerMutants } from './workerMutants.ts'

const STORE_KILLED: Guard = {
  project: 'whole',
  file: 'test/kills.test.ts',
  test: 'kill -9 of postgres in the middle of traffic loses no accepted message',
}
const WORKERS_KILLED: Guard = {
  project: 'full',
  file: 'test/chaos.full.test.ts',
  test: 'kill -9 of workers loses no message',
}
const STORE_AWAY: Guard = {
  project: 'full',
  file: 'test/chaos.full.test.ts',
  test: 'stopping the database for 60 s loses no message and closes no bind',
}
const STORE_FAILS = unitTest(
  'components/workers/outcomeWriter.test.ts',
  'an envelope is stored, published and settled after a database outage',
)

/** In the failure message, the brackets hold the numbers of the messages. */
const LOST = /AssertionError: answered ESME_ROK and lost: expected \[ .+ \] to deeply equal \[\]/
const WITHOUT_RECEIPT = /AssertionError: without receipt: expected \[ .+ \] to deeply equal \[\]/

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'the router answers before the publish is durable',
    invariant: '1',
    file: 'src/components/router/batchPublisher.ts',
    piece: 'const outcome = await this.#options.queue.publishOnce(publications, fresh)',
    replacement: `for (const { answer, batchId } of fresh) settle(batchId, answer)
    const outcome = await this.#options.queue.publishOnce(publications, fresh)`,
    guard: STORE_KILLED,
    says: LOST,
  },
  {
    name: 'the worker answers deliver_sm before the receipt is durable',
    invariant: '3',
    file: 'src/components/workers/receiptIntake.ts',
    piece: 'await publishAll(queue, [{ queue: DLR_QUEUE, payload, messages: batch.length }])',
    replacement: `const messages = batch.length
      for (const { session, request } of batch.splice(0)) session.respond(request, ESME_ROK)
      await publishAll(queue, [{ queue: DLR_QUEUE, payload, messages }])`,
    guard: STORE_KILLED,
    says: WITHOUT_RECEIPT,
  },
  {
    name: 'the worker settles an envelope as soon as it receives it',
    invariant: '2',
    file: 'src/components/workers/submitLane.ts',
    piece: 'return work.settlement',
    replacement: `return { kind: 'done' }`,
    guard: WORKERS_KILLED,
    says: LOST,
  },
  {
    name: 'the worker settles an envelope before its outcomes are durable',
    invariant: '2',
    file: 'src/components/workers/outcomeWriter.ts',
    piece: 'const works = outcomesByWork(items)',
    replacement: `const works = outcomesByWork(items)
    for (const { work } of works) work.finish()`,
    guard: STORE_FAILS,
    says: /AssertionError: expected \[\] to deeply equal \[ 'keeping outcomes', .+ \]/,
  },
  {
    name: 'the gateway refuses with ESME_RSYSERR if the router does not answer',
    invariant: '9',
    file: 'src/components/gateway/routerClient.ts',
    piece: `commandStatus: ESME_RTHROTTLED,
  reason: 'not accepted in time; please retry',`,
    replacement: `commandStatus: 0x08,
  reason: 'not accepted in time; please retry',`,
    guard: STORE_AWAY,
    says: /AssertionError: another command_status: expected \[ 'ESME_RSYSERR' \] .+/,
  },
  {
    name: 'a consumer never extends the leases of envelopes in progress',
    invariant: '8',
    file: 'src/queue/consumer.ts',
    piece: 'setInterval(() => this.#extend(), options.leaseMs / 3)',
    replacement: 'setInterval(() => undefined, options.leaseMs / 3)',
    guard: unitTest(
      'queue/consumer.test.ts',
      'a lease is extended until its envelope is settled, even if an extension fails',
    ),
    says: /AssertionError: the lease ran out after 59 s/,
  },
  ...databaseMutants,
  ...receiptMutants,
  ...outboxMutants,
  ...waitingMutants,
  ...accessMutants,
  ...signInMutants,
  ...workerMutants,
  ...connectorMutants,
  ...paceMutants,
  ...upkeepMutants,
]
