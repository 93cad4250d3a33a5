// Mutants of the code that decides which worker submits a message, how often, and in which form.

import { type Mutant, unitTest } from './mutant.ts'

const checkpoints = (test: string) => unitTest('message/checkpointTable.test.ts', test)
const owners = (test: string) => unitTest('components/workers/envelopeOwnership.test.ts', test)
const lanes = (test: string) => unitTest('components/workers/submitLane.test.ts', test)
const moving = (test: string) => unitTest('components/workers/moveDue.test.ts', test)
const repeating = (test: string) => unitTest('components/workers/resubmission.test.ts', test)

export const workerMutants: readonly Mutant[] = [
  {
    name: 'a worker submits envelopes that it did not claim',
    invariant: '8',
    file: 'src/components/workers/submitLane.ts',
    piece: 'const claim = await ownership.claim(envelopeId, this.#sender.hasLink())',
    replacement: `const nothing = Buffer.alloc(0)
    const claim = {
      kind: 'claimed', owner: 'test', outcomes: nothing, unanswered: nothing, takeovers: 0,
      hasBegun: true, isTakenOver: false,
    }`,
    guard: lanes('an envelope that is finished or that another process owns is not sent'),
    says: /AssertionError: expected \{ .+ \} to deeply equal \{ .+ \}/,
  },
  {
    name: 'an envelope is taken over although its owner is alive',
    invariant: '8',
    file: 'src/message/checkpointTable.ts',
    piece: 'and not exists (select from envelope_owners as o where o.owner = c.owner)',
    replacement: '',
    guard: checkpoints(
      'an envelope has one owner, and a claim by any other process returns "held"',
    ),
    says: /AssertionError: expected \{ .+ \} to deeply equal \{ kind: 'held' \}/,
  },
  {
    name: 'a worker that lost an envelope still writes its outcomes',
    invariant: '8',
    file: 'src/message/checkpointTable.ts',
    piece: `and c.owner = new.owner
    returning`,
    replacement: 'returning',
    guard: checkpoints('only the owner can write outcomes, and the next owner reads them'),
    says: /AssertionError: expected Set\{ .+ \} to deeply equal Set\{\}/,
  },
  {
    name: 'a finished envelope that is received again is claimed again',
    invariant: '8',
    file: 'src/message/checkpointTable.ts',
    piece: `where c.finished_at is null
          and (c.owner is null`,
    replacement: 'where (c.owner is null',
    guard: checkpoints('a finished envelope is never claimed again'),
    says: /AssertionError: expected \{ .+ \} to deeply equal \{ kind: 'finished' \}/,
  },
  {
    name: 'an owner loses its envelopes before its lease has ended',
    invariant: '8',
    file: 'src/components/workers/envelopeOwnership.ts',
    piece: 'if (askedAtMs - now.sinceMs >= leaseMs)',
    replacement: 'if (askedAtMs - now.sinceMs >= 0)',
    guard: owners('the envelopes of a dead process are taken over only after a full lease'),
    says: /AssertionError: expected \{ .+ \} to deeply equal \{ kind: 'held' \}/,
  },
  {
    name: 'an outage of the database counts against the owners of envelopes',
    invariant: '8',
    file: 'src/components/workers/envelopeOwnership.ts',
    piece: 'const isUnbroken = answeredAtMs - this.#lastRoundMs < leaseMs',
    replacement: 'const isUnbroken = true',
    guard: owners('after a database outage every owner has a full lease to send a heartbeat'),
    says: /AssertionError: expected \{ .+ \} to deeply equal \{ kind: 'held' \}/,
  },
  {
    name: 'a worker continues to send after its lease on envelopes has ended',
    invariant: '8',
    file: 'src/components/workers/connectorWork.ts',
    piece: 'if (!this.#options.ownership.isHeld(startMs)) return',
    replacement: 'if (startMs < 0) return',
    guard: lanes('nothing is sent while the ownership of the envelopes is in doubt'),
    says: /AssertionError: expected \[ .+ \] to have a length of 1|expected 1 to be \+?0/,
  },
  {
    name: 'a message that is never answered is resubmitted without limit',
    invariant: '8',
    file: 'src/components/workers/connectorWork.ts',
    piece: 'if (unanswered > maxResubmissions) return this.#unansweredTooOften(',
    replacement: 'if (unanswered > 1e3 * maxResubmissions) return this.#unansweredTooOften(',
    guard: repeating('a message without an answer fails after its last resubmission'),
    says: /Error: Test timed out in \d+ms/,
  },
  {
    name: 'a message that breaks the link is not isolated from other messages',
    invariant: '8',
    file: 'src/components/workers/connectorWork.ts',
    piece: 'const SUSPECT_AFTER = 2',
    replacement: 'const SUSPECT_AFTER = 1_000',
    guard: repeating('a message that breaks the link each time fails, and all others are sent'),
    says: /AssertionError: expected (\d+ to be \d+|Set\{.*\} to deeply equal Set\{ .+ \})/,
  },
  {
    name: 'a message fails because its SMSC answers nothing at all',
    invariant: '8',
    file: 'src/components/workers/connectorWork.ts',
    piece: 'if (!servesOthers) return this.#defer(task, 0, UNANSWERED)',
    replacement: '',
    guard: repeating('messages do not fail if the SMSC answers nothing for a while'),
    says: /AssertionError: expected \[ 'failed', .+ \] to deeply equal \[ 'deferred', .+ \]/,
  },
  {
    name: 'the gateway accepts more octets than the SMPP version of a bind allows',
    invariant: '11b',
    file: 'src/components/gateway/submitRefusal.ts',
    piece: 'short_message.length > OCTETS_MAX_BEFORE_5 && version',
    replacement: 'short_message.length > 1_000 && version',
    guard: unitTest(
      'components/gateway/submitRefusal.test.ts',
      'a 3.4 bind stays open after a short_message of 255 octets is refused',
    ),
    says: /AssertionError: expected \+?0 to be 1/,
  },
  {
    name: 'a worker submits the original PDU, whatever SMPP version its SMSC supports',
    invariant: '11b',
    file: 'src/components/workers/upstreamBind.ts',
    piece: 'const fitting = upstreamSubmitSm(submitSm, session.interfaceVersion)',
    replacement: 'const fitting = [submitSm, upstreamSubmitSm][0]',
    guard: unitTest(
      'components/workers/upstreamSubmitSm.test.ts',
      'the worker submits each message in a form that fits the version of its SMSC',
    ),
    says: /AssertionError: expected \[ .+ \] to deeply equal \[ .+ \]/,
  },
  {
    name: 'an exception caused by one message affects all other messages',
    invariant: '11b',
    file: 'src/components/workers/connectorWork.ts',
    piece: `} catch (error) {
      this.#failAlone(task, error)
    }
    return true`,
    replacement: `} catch (error) {
      throw error
    }
    return true`,
    guard: unitTest(
      'components/workers/upstreamSubmitSm.test.ts',
      'a message that fits in no form fails alone, and the other messages are sent',
    ),
    says: /PduError: short_message: 255 octets, but the SMSC speaks SMPP 3.3/,
  },
  {
    name: 'the queue forgets a waiting message while it is being published',
    invariant: '8',
    file: 'src/components/workers/maintain.ts',
    piece: 'keepMarksOf: envelopeIds',
    replacement: 'keepMarksOf: envelopeIds.slice(0, 0)',
    guard: unitTest(
      'components/workers/maintain.test.ts',
      'the queue keeps the marks of waiting messages that a process has claimed',
    ),
    says: /AssertionError: expected \[\] to deeply equal \[ .+ \]/,
  },
  {
    name: 'marks expire after an hour, even if their batch may still be published again',
    invariant: '8',
    file: 'src/queue/postgres/queueTable.ts',
    piece: 'and batch_id <> all($3::uuid[])',
    replacement: 'and $3::uuid[] is not null',
    guard: moving('a message is published once even if its row is removed a week later'),
    says: /AssertionError: expected \[ '0', '0' \] to deeply equal \[ '0' \]/,
  },
  {
    name: 'a message that returned in a shared envelope is not remembered',
    invariant: '8',
    file: 'src/components/workers/moveDue.ts',
    piece: 'batchId: envelopeId, answer',
    replacement: 'batchId: crypto.randomUUID(), answer',
    guard: moving('retries of one queue are joined into one envelope and published once'),
    says: /AssertionError: expected \[ .+ \] to have a length of 2/,
  },
  {
    name: 'a process whose claim has ended still publishes waiting messages',
    invariant: '8',
    file: 'src/components/workers/moveDue.ts',
    piece: 'new Date(claimedAtMs + claimMs)',
    replacement: 'new Date(claimedAtMs + claimMs + 3_600_000)',
    guard: moving('a process that freezes before publishing fails once its claim has ended'),
    says: /AssertionError: promise resolved .+ instead of rejecting/,
  },
  {
    name: 'a process removes a waiting message that another has claimed since',
    invariant: '8',
    file: 'src/message/waitingMessageTable.ts',
    piece: 'and leaving_at = to_timestamp(left_at.claimed_ms / 1000)',
    replacement: 'and leaving_at >= to_timestamp(left_at.claimed_ms / 1000)',
    guard: moving('a process that froze after publishing does not remove a row claimed by another'),
    says: /AssertionError: expected \{ kind: 'published' \} to match object \{ kind: 'repeated' \}/,
  },
]
