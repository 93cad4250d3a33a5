// Mutants of the code that keeps processes on one database from delaying, breaking or impersonating
// each other.

import { type Mutant, unitTest } from './mutant.ts'

const counting = (test: string) => unitTest('queue/postgres/queueDepths.test.ts', test)

export const databaseMutants: readonly Mutant[] = [
  {
    name: 'a receive always starts at the lowest id',
    invariant: '10',
    file: 'src/flow/searchFloors.ts',
    piece: 'this.#now() < floor.wholeAtMs ? floor.from : WHOLE_LIST',
    replacement: 'this.#now() < floor.wholeAtMs ? WHOLE_LIST : WHOLE_LIST',
    guard: unitTest(
      'queue/postgres/queueCosts.test.ts',
      'a receive skips settled rows that an old snapshot keeps in the table',
    ),
    says: /AssertionError: expected \d+ to be less than 60/,
  },
  {
    name: 'a receive never searches below its floor again',
    invariant: '1',
    file: 'src/flow/searchFloors.ts',
    piece: 'return floor && this.#now() < floor.wholeAtMs ? floor.from : WHOLE_LIST',
    replacement: 'return floor ? floor.from : WHOLE_LIST',
    guard: unitTest(
      'queue/postgres/queueCosts.test.ts',
      'an entry far below the search floor is received after one second',
    ),
    says: /AssertionError: expected .* to deeply equal \[ '\d+' \]/,
  },
  {
    name: 'a reading of the depths counts only the first slices of a queue',
    invariant: '10',
    file: 'src/queue/postgres/queueDepths.ts',
    piece: 'changed = await this.#recount(looks)',
    replacement: 'changed = (await this.#recount(looks)).slice(0, 0)',
    guard: counting('the depth follows every publication and removal of envelopes'),
    says: /AssertionError: expected \[ .+ \] to deeply equal \[ .+ \]/,
  },
  {
    name: 'each reading of the depths counts all slices again',
    invariant: '10',
    file: 'src/queue/postgres/queueDepths.ts',
    piece: 'this.#now() < countedAtMs + RECOUNT_MS',
    replacement: 'this.#now() < countedAtMs',
    guard: counting('a reading skips settled envelopes that an old snapshot keeps in the table'),
    says: /AssertionError: expected \d+ to be less than 60/,
  },
  {
    name: 'the database lets a stopped process keep its transaction',
    invariant: '9b',
    file: 'src/database/database.ts',
    piece: 'idle_in_transaction_session_timeout: limits.idleMs',
    replacement: 'idle_in_transaction_session_timeout: 0',
    guard: unitTest(
      'database/transactionLimits.test.ts',
      'the transaction of a frozen process is ended, and other processes can continue',
    ),
    says: /Error: the database cannot run statements now: canceling statement due to lock timeout/,
  },
  {
    name: 'a lock timeout counts as a permanent error',
    invariant: '9b',
    file: 'src/database/database.ts',
    piece: `'25P03', '55P03', '57P01'`,
    replacement: `'25P03', '57P01'`,
    guard: unitTest(
      'database/transactionLimits.test.ts',
      'a lock time-out is reported as StoreUnavailable',
    ),
    says: /AssertionError: expected error to be instance of StoreUnavailable/,
  },
  {
    name: 'a value that is too long for its index counts as a temporary error',
    invariant: '11',
    file: 'src/components/doesHarm.ts',
    piece: `'44', '54'])`,
    replacement: `'44'])`,
    guard: unitTest(
      'components/dlr/stateWriter.test.ts',
      'only the envelope with text that the database refuses is set aside',
    ),
    says: /Error: index row requires \d+ bytes, maximum size is \d+/,
  },
  {
    name: 'a deadlock counts as an error caused by the values',
    invariant: '11',
    file: 'src/components/doesHarm.ts',
    piece: `new Set(['21', '22', '23', '44', '54'])`,
    replacement: `new Set(['21', '22', '23', '40', '44', '54'])`,
    guard: unitTest(
      'components/doesHarm.test.ts',
      'doesHarm() of an error with SQLSTATE 40P01 returns false',
    ),
    says: /AssertionError: expected true to be false/,
  },
  {
    name: 'the outcome writer retries outcomes that the database permanently refuses',
    invariant: '11',
    file: 'src/components/workers/outcomeWriter.ts',
    piece: `if (!doesHarm(error)) throw error
        answer = error`,
    replacement: 'throw error',
    guard: unitTest(
      'components/workers/refusedOutcomes.test.ts',
      'a message whose waiting row is refused fails, and all others are stored',
    ),
    says: /Error: Test timed out in \d+ms/,
  },
  {
    name: 'the id of an SMSC may be of any length',
    invariant: '11',
    file: 'src/message/ids.ts',
    piece: 'id.slice(0, UPSTREAM_ID_CHARACTERS_MAX) as UpstreamId',
    replacement: 'id as UpstreamId',
    guard: unitTest(
      'components/dlr/stateWriter.test.ts',
      'an id of 5,000 characters is shortened to 64, and its receipt still matches',
    ),
    says: /Error: index row size \d+ exceeds btree version \d+ maximum \d+/,
  },
  {
    name: 'installations that share a database give their processes the same names',
    invariant: '6',
    file: 'src/cli/up/processPlan.ts',
    piece: '`local-${installationId}-${component}-${number}`',
    replacement: '`local-${installationId.slice(0, 0)}-${component}-${number}`',
    guard: {
      project: 'whole',
      file: 'test/upAgain.test.ts',
      test: 'two homes share a database under separate names, and a copied home is refused',
    },
    says: /AssertionError: expected \[ .+ \] to deeply equal \[ .+ \]/,
  },
  {
    name: 'a copy of a running home folder starts',
    invariant: '6',
    file: 'src/cli/up/databaseClaim.ts',
    piece: 'if (!rows[0]?.held) return',
    replacement: 'if (rows.length === 0) return',
    guard: unitTest(
      'cli/up/databaseClaim.test.ts',
      'a copy of an installation is refused until the original is closed',
    ),
    says: /AssertionError: promise resolved .+ instead of rejecting/,
  },
]
