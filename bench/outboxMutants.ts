// Mutants of deliveries to customers: leases of chunks, settlements, and fairness among customers.

import { type Mutant, unitTest } from './mutant.ts'

const OUTBOX = 'src/outbox/outboxTable.ts'
const SETTLEMENT = 'src/outbox/settlementTable.ts'
const DELIVERY = 'src/components/gateway/outboxDelivery.ts'
const LINE = 'src/components/gateway/deliveryLine.ts'
const OUTBOX_TEST = 'outbox/outboxTable.test.ts'
const DELIVERY_TEST = 'components/gateway/outboxDelivery.test.ts'
const FAIRNESS_TEST = 'components/gateway/fairDelivery.test.ts'

export const outboxMutants: readonly Mutant[] = [
  {
    name: 'a claim of chunks always starts at the first place of its user',
    invariant: '10',
    file: OUTBOX,
    piece: 'and (o.user_id, o.place) >= (wanted.user_id, wanted.from_place)',
    replacement: 'and (o.user_id, o.place) >= (wanted.user_id, coalesce(wanted.from_place, 0) * 0)',
    guard: unitTest(
      'outbox/claimCosts.test.ts',
      'later claims for user demo do not read settled chunks that an open snapshot retains',
    ),
    says: /AssertionError: expected \d+ to be less than 60/,
  },
  {
    name: 'a trace shows acknowledgements of other messages of the same time',
    invariant: '5',
    file: 'src/outbox/outboxReportTable.ts',
    piece: 'and position(uuid_send($1) in message_ids) > 0',
    replacement: '',
    guard: unitTest(
      'outbox/settlementTable.test.ts',
      'acknowledgements of a chunk by one user form one row per day of message ids',
    ),
    says: /AssertionError: expected \[ .+ \] to deeply equal \[\]/,
  },
  {
    name: 'a gateway settles chunks that another gateway has leased',
    invariant: '5',
    file: SETTLEMENT,
    piece: 'where chunk_id = any(array(select id from held)) and instance = $2',
    replacement: 'where chunk_id = any(array(select id from held)) and $2::text is not null',
    guard: unitTest(
      OUTBOX_TEST,
      'a gateway that lost its lease of a chunk cannot settle the chunk',
    ),
    says: /AssertionError: expected \[ .+ \] to deeply equal \[\]/,
  },
  {
    name: 'a chunk is leased although another gateway has leased it',
    invariant: '5',
    file: OUTBOX,
    piece: 'where l.until <= now()',
    replacement: 'where l.until is not null',
    guard: unitTest(OUTBOX_TEST, 'if two claims find the same chunk, only the first one leases it'),
    says: /AssertionError: expected .+/,
  },
  {
    name: 'a repeated settlement records its deliveries again',
    invariant: '5',
    file: SETTLEMENT,
    piece: 'join gone on gone.id = ack.chunk_id)',
    replacement: ')',
    guard: unitTest(OUTBOX_TEST, 'repeating a settlement changes nothing'),
    says: /AssertionError: expected \[ .+ \] to have a length of 2 but got 4/,
  },
  {
    name: 'deliveries that are put back go to the end of the queue',
    invariant: '5',
    file: SETTLEMENT,
    piece: 'select place, account, user_id, back.deliveries',
    replacement: "select nextval('outbox_id_seq'), account, user_id, back.deliveries",
    guard: unitTest(
      OUTBOX_TEST,
      'deliveries that are put back keep their place and form smaller chunks',
    ),
    says: /AssertionError: expected \[ 1, 16, 16, 7 \] to deeply equal .+/,
  },
  {
    name: 'the restart of a gateway ends the back-off of its deliveries',
    invariant: '10',
    file: SETTLEMENT,
    piece: 'set leased_by = null, attempts',
    replacement: 'set attempts',
    guard: unitTest(
      OUTBOX_TEST,
      'a row in its second back-off stays in back-off when its gateway restarts',
    ),
    says: /AssertionError: expected \[ .+ \] to deeply equal \[\]/,
  },
  {
    name: 'a gateway that was frozen sends deliveries whose lease has expired',
    invariant: '5',
    file: DELIVERY,
    piece: 'receivers.length === 0 || this.#now() >= claim.times.sendUntilMs',
    replacement: 'receivers.length === 0',
    guard: unitTest(
      DELIVERY_TEST,
      'after a suspension of the process, deliveries of an old claim are not sent',
    ),
    says: /AssertionError: expected \[ .+ \] to have a length of 2 but got 4/,
  },
  {
    name: 'deliveries that a slow customer does not accept are not put back',
    invariant: '5',
    file: DELIVERY,
    piece: 'if (nowMs >= claim.times.putBackAtMs) this.#putBack(line, claim)',
    replacement: 'if (nowMs < 0) this.#putBack(line, claim)',
    guard: unitTest(
      FAIRNESS_TEST,
      'deliveries that a slow customer has not taken after two seconds are put back',
    ),
    says: /AssertionError: expected .+/,
  },
  {
    name: 'deliveries are claimed for a customer that answers nothing',
    invariant: '10',
    file: LINE,
    piece: 'if (!this.mayHaveMore || isStuck ||',
    replacement: 'if (!this.mayHaveMore ||',
    guard: unitTest(
      FAIRNESS_TEST,
      'nothing is claimed for a customer with a full window who answers nothing',
    ),
    says: /AssertionError: expected 6 to be 2/,
  },
  {
    name: 'only as many deliveries are claimed as the window has room for',
    invariant: '10',
    file: LINE,
    piece: 'Math.min(2 * window, AHEAD_MAX) - this.#waiting',
    replacement: 'free',
    guard: unitTest(
      DELIVERY_TEST,
      'a claim takes twice the window size, and each answer allows the next delivery',
    ),
    says: /AssertionError: expected 2 to be 4/,
  },
  {
    name: 'unanswered deliveries of silent customers count against the whole gateway',
    invariant: '11',
    file: DELIVERY,
    piece: 'this.#waiting -= claim.waiting',
    replacement: 'void claim.waiting',
    guard: unitTest(FAIRNESS_TEST, 'customers who take no deliveries do not block other customers'),
    says: /AssertionError: expected false to be true/,
  },
  {
    name: 'each claim begins with the same customer',
    invariant: '11',
    file: DELIVERY,
    piece: '=== this.#servedFirst',
    replacement: `=== ''`,
    guard: unitTest(
      FAIRNESS_TEST,
      'after an incomplete claim, the next claim starts after the user served first',
    ),
    says: /AssertionError: expected \[ .+ \] to deeply equal \[ .+ \]/,
  },
  {
    name: 'a receipt that breaks the link is sent again at each bind',
    invariant: '8',
    file: DELIVERY,
    piece: 'const CLOSES_MAX = 3',
    replacement: 'const CLOSES_MAX = 1_000',
    guard: unitTest(
      DELIVERY_TEST,
      'a delivery is retried with a delay after its link has closed four times',
    ),
    says: /AssertionError: expected \[ false, false \] to deeply equal \[ false, true \]/,
  },
  {
    name: 'a gateway that lost its lease of a row puts the row back',
    invariant: '5',
    file: SETTLEMENT,
    piece: 'and o.leased_by = $4',
    replacement: 'and $4::text is not null',
    guard: unitTest(
      OUTBOX_TEST,
      'a gateway that lost its lease of a row can neither refuse nor put back the row',
    ),
    says: /AssertionError: expected .+/,
  },
]
