// Mechanisms that can be taken out of the source, each by one exact piece of its text, and the test
// that guards it: with the piece replaced that test must fail, and say why.

export interface Mutant {
  /** What the changed program does. */
  readonly name: string
  /** Of ARCHITECTURE.md, "What always holds". */
  readonly invariant: string
  readonly file: string
  /** Occurs once in the file, or the proof no longer proves anything. */
  readonly piece: string
  readonly replacement: string
  readonly guard: Guard
  /** What the failing test says. */
  readonly says: RegExp
}

export interface Guard {
  readonly project: 'unit' | 'whole' | 'full'
  readonly file: string
  /** The name of one test. */
  readonly test: string
}

const STORE_KILLED: Guard = {
  project: 'whole',
  file: 'test/kills.test.ts',
  test: 'after kill -9 of postgres in mid-traffic nothing that was accepted is lost',
}
const WORKERS_KILLED: Guard = {
  project: 'full',
  file: 'test/chaos.full.test.ts',
  test: 'kill -9 of workers loses nothing',
}
const STORE_AWAY: Guard = {
  project: 'full',
  file: 'test/chaos.full.test.ts',
  test: 'the store away for 60 s loses nothing and closes no bind',
}
const STORE_FAILS: Guard = {
  project: 'unit',
  file: 'src/components/workers/outcomeWriter.test.ts',
  test: 'while the store is away nothing is let go, and when it is back all is kept',
}

/** The numbers of the messages stand in the brackets. */
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
    piece: 'await queue.publish([{ queue: DLR_QUEUE, payload, messages: batch.length }])',
    replacement: `const messages = batch.length
      for (const { session, request } of batch.splice(0)) session.respond(request, ESME_ROK)
      await queue.publish([{ queue: DLR_QUEUE, payload, messages }])`,
    guard: STORE_KILLED,
    says: WITHOUT_RECEIPT,
  },
  {
    name: 'the worker settles an envelope when it takes it',
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
    name: 'the gateway refuses for want of an answer with ESME_RSYSERR',
    invariant: '9',
    file: 'src/components/gateway/routerClient.ts',
    piece: `commandStatus: ESME_RTHROTTLED,
  reason: 'not accepted in time: try again',`,
    replacement: `commandStatus: 0x08,
  reason: 'not accepted in time: try again',`,
    guard: STORE_AWAY,
    says: /AssertionError: another command_status: expected \[ 'ESME_RSYSERR' \] .+/,
  },
]

/** The text of the mutant's file without the mechanism. */
export function mutated(text: string, { file, piece, replacement }: Mutant): string {
  const [before, after, ...more] = text.split(piece)
  if (before === undefined || after === undefined || more.length > 0) {
    const times = text.split(piece).length - 1
    throw new Error(
      `${file} holds this ${times} times, not once. Bring its mutant in bench/mutants.ts up to ` +
        `date:\n${piece}`,
    )
  }
  return before + replacement + after
}
