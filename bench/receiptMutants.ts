// Mutants of the matching of receipts to messages, and of the choice of their recipients.

import { type Mutant, unitTest } from './mutant.ts'

const matching = (test: string) => unitTest('components/dlr/receiptMatching.test.ts', test)
const remembered = (test: string) => unitTest('components/workers/recentSubmissions.test.ts', test)

export const receiptMutants: readonly Mutant[] = [
  {
    name: 'a receipt matches messages that were submitted after it',
    invariant: '4b',
    file: 'src/message/upstreamIdTable.ts',
    piece: 'and u.submitted_at <= to_timestamp((key.received_at + ${CLOCK_TOLERANCE_MS}) / 1000.0)',
    replacement: 'and key.received_at is not null',
    guard: matching('a receipt matches no message submitted over 5 s after the receipt arrived'),
    says: /AssertionError: expected \[ 'ENROUTE', 'DELIVERED' \] to deeply equal \[ .+ \]/,
  },
  {
    name: 'a worker matches receipts to messages submitted after the receipts arrived',
    invariant: '4b',
    file: 'src/components/workers/recentSubmissions.ts',
    piece: 'isInTime(one.submittedAtMs, receivedAtMs) && isSameNumber',
    replacement: 'isSameNumber',
    guard: remembered(
      'a receipt received over five seconds before the submission finds no message',
    ),
    says: /AssertionError: expected \{ .+ \} to be undefined/,
  },
  {
    name: 'a submission creates no row for a message that has no row yet',
    invariant: '4b',
    file: 'src/message/upstreamIdTable.ts',
    piece:
      'where not exists (select from messages as m where m.message_id = submission.message_id)',
    replacement: 'where false',
    guard: unitTest(
      'components/dlr/stateWriter.test.ts',
      'a final receipt replaces the state UNKNOWN',
    ),
    says: /AssertionError: expected undefined to be 'UNKNOWN'/,
  },
  {
    name: 'a message is still matched after the time limit for its receipt',
    invariant: '4b',
    file: 'src/message/upstreamIdTable.ts',
    piece: 'and u.submitted_at >= to_timestamp((key.received_at - $7::float8) / 1000.0)',
    replacement: 'and $7::float8 is not null',
    guard: unitTest(
      'message/upstreamIdTable.test.ts',
      'a message is found only if it was submitted within the given time',
    ),
    says: /AssertionError: expected \{ .+ \} to be undefined/,
  },
  {
    name: 'an empty id matches a message',
    invariant: '4b',
    file: 'src/message/upstreamIdTable.ts',
    piece: `and key.upstream_id <> ''`,
    replacement: '',
    guard: unitTest(
      'message/upstreamIdTable.test.ts',
      'an id of thousands of messages finds the newest, and an empty id finds none',
    ),
    says: /AssertionError: expected \[ .+ \] to deeply equal \[ .+ \]/,
  },
  {
    name: 'a receipt matches messages to other numbers',
    invariant: '4b',
    file: 'src/message/upstreamIdTable.ts',
    piece: `and (key.destination = '' or u.destination`,
    replacement: `and (key.destination is not null or u.destination`,
    guard: matching('a receipt matches if its number lacks only the country code'),
    says: /AssertionError: expected \[ 'DELIVERED', 'DELIVERED' \] to deeply equal \[ .+ \]/,
  },
  {
    name: 'a number without its country code matches no other number',
    invariant: '4b',
    file: 'src/message/receiptMatch.ts',
    piece: 'return short.length >= SUFFIX_DIGITS_MIN && long.endsWith(short)',
    replacement: 'return short === long',
    guard: unitTest(
      'message/receiptMatch.test.ts',
      '"612345678" and "31612345678" are the same number: true',
    ),
    says: /AssertionError: expected false to be true/,
  },
  {
    name: 'a receipt that matches messages of two accounts is sent to one of them',
    invariant: '4b',
    file: 'src/message/upstreamIdTable.ts',
    piece: 'min(fits.account) <> max(fits.account) as is_ambiguous',
    replacement: 'false as is_ambiguous',
    guard: matching('a receipt is parked as ambiguous if messages of two accounts match'),
    says: /AssertionError: expected \[ .*'DELIVERED'.* \] to deeply equal \[ .+ \]/,
  },
  {
    name: "the connector's rule for ids is not applied",
    invariant: '4b',
    file: 'src/message/upstreamIdKey.ts',
    piece: 'const key = messageIdKey(upstreamId, from, rule)',
    replacement: 'const key = [upstreamId, from].slice(0, 1).join()',
    guard: unitTest(
      'message/upstreamIdKey.test.ts',
      'comparing ids as numbers with rule .+: 1F and 0000000031',
    ),
    says: /AssertionError: expected false to be true/,
  },
  {
    name: 'a user gets the receipts of every user of its account',
    invariant: '5',
    file: 'src/outbox/outboxTable.ts',
    piece: 'o.account = wanted.account and o.user_id <= wanted.user_id',
    replacement: 'o.account = wanted.account',
    guard: unitTest(
      'outbox/outboxTable.test.ts',
      'a user gets only its own receipts unless the account shares receipts',
    ),
    says: /AssertionError: expected \[ .+ \] to deeply equal \[\]/,
  },
  {
    name: "a customer's receipt has our error name instead of a three-character error code",
    invariant: '5',
    file: 'src/outbox/receiptError.ts',
    piece: 'if (commandStatus) return threeDigits(commandStatus)',
    replacement: 'if (commandStatus) return error',
    guard: unitTest(
      'components/dlr/stateWriter.test.ts',
      "a customer's receipt has a three-digit error or the account's own code",
    ),
    says: /AssertionError: expected 'ESME_RSUBMITFAIL' to be '069'/,
  },
  {
    name: 'the failure of a duplicate is reported although its message has already failed',
    invariant: '4',
    file: 'src/message/messageTable.ts',
    piece: 'and (t.state = 2 or m.state not in (3, 5))',
    replacement: '',
    guard: unitTest(
      'components/dlr/stateWriter.test.ts',
      'a failure receipt of a copy is not forwarded once its message has failed',
    ),
    says: /AssertionError: expected \[ .+ \] to have a length of 1 but got 2/,
  },
]
