import { expect, test } from 'vitest'
import { decodeEnvelope } from '../../queue/envelopeWire.ts'
import { JOURNAL_QUEUE } from '../../message/journalWire.ts'
import { platformSchema } from '../../platform/platformDocument.ts'
import {
  decodeVerdicts,
  encodeVerdicts,
  type Submission,
  type SubmissionBatch,
} from '../../routing/routerCallWire.ts'
import { newMessageId } from '../../message/ids.ts'
import type {
  BatchMark,
  OncePublisher,
  Publication,
  PublishOnceOutcome,
} from '../../queue/queue.ts'
import { encodeBody } from '../../smpp/index.ts'
import { PlatformRows } from '../../platform/platformRows.ts'
import { admitBatch, Admitter } from '../../routing/admission.ts'
import { BatchPublisher } from './batchPublisher.ts'
import type { BatchCall } from './batchServer.ts'

const document = platformSchema.parse({
  accounts: [{ id: 'demo' }, { id: 'closed', enabled: false }],
  connectors: [
    { id: 'nl', host: 'x', port: 1, systemId: 's', password: 'p', tps: 100 },
    { id: 'slow', host: 'x', port: 1, systemId: 's', password: 'p', tps: 1 },
  ],
  routeTable: {
    routes: [
      { prefix: '31', connector: 'nl' },
      { prefix: '49', connector: 'slow' },
    ],
  },
})

const WANTED: BatchCall = { isWanted: () => true, isRetry: false }

function platformOf(enabled = true) {
  const specs = [
    ...document.accounts.map((spec) => ({ kind: 'account', id: spec.id, spec })),
    ...document.connectors.map((spec) => ({
      kind: 'connector',
      id: spec.id,
      spec: { ...spec, enabled },
    })),
    { kind: 'route_table', id: 'active', spec: document.routeTable },
  ]
  const rows = new PlatformRows()
  const changes = specs.map((row) => ({ ...row, revision: 1, deleted: false }))
  expect(rows.apply(1, changes)).toEqual([])
  return rows.platform
}

function submission(destination: string, account = 'demo'): Submission {
  return {
    messageId: newMessageId(),
    account,
    user: 'u',
    receivedAtMs: 1_790_000_000_000,
    body: encodeBody('submit_sm', {
      destination_addr: destination,
      short_message: Buffer.from('hi'),
      registered_delivery: 1,
    }),
  }
}

/**
 * A fake queue that records publications. `known` holds the answers to batches that were published
 * before, by batch id.
 */
function fakeQueue(known = new Map<string, Buffer>()) {
  const published: Publication[] = []
  let failure: Error | undefined
  const publishOnce = async (
    publications: readonly Publication[],
    marks: readonly BatchMark[],
  ): Promise<PublishOnceOutcome> => {
    if (failure) throw failure
    const answers = new Map(
      marks.flatMap(({ batchId }) => {
        const answer = known.get(batchId)
        return answer ? [[batchId, answer] as const] : []
      }),
    )
    const doubled = new Set(marks.map(({ batchId }) => batchId)).size < marks.length
    if (answers.size > 0 || doubled) return { kind: 'repeated', answers }
    for (const { batchId, answer } of marks) known.set(batchId, answer)
    published.push(...publications)
    return { kind: 'published' }
  }
  const queue: OncePublisher = { publishOnce }
  return { queue, published, fail: (error: Error | undefined) => (failure = error) }
}

const platform = platformOf()

function unexpected(what: string, error: Error): never {
  throw new Error(what, { cause: error })
}

/** A router that takes the same steps as main.ts and publishes to the given queue. */
function routerOn(queue: OncePublisher, admitter = new Admitter(platform)) {
  const publisher = new BatchPublisher({
    queue,
    paceOf: (connector) => platform.connectors.get(connector)?.tps ?? 1,
    onPublished: () => undefined,
    onError: (error) => {
      throw error
    },
  })
  const submit = ({ batchId, submissions }: SubmissionBatch, call: BatchCall) => {
    const { admitted: messages, verdicts } = admitBatch(admitter, submissions, unexpected)
    return publisher.publish({ batchId, messages, answer: encodeVerdicts(verdicts) }, call)
  }
  return { submit }
}

test('accepted messages are published to their submit queue and the journal', async () => {
  const { queue, published } = fakeQueue()
  const first = submission('31612345678')
  const answer = await routerOn(queue).submit({ batchId: 'b1', submissions: [first] }, WANTED)
  expect(decodeVerdicts(answer)).toEqual([{ kind: 'accepted' }])
  expect(published.map(({ queue: name }) => name)).toEqual(['submit.nl.normal', JOURNAL_QUEUE])
  expect(published[0]?.payload).toBe(published[1]?.payload)
  const envelope = decodeEnvelope(published[0]?.payload ?? Buffer.alloc(0))
  expect(envelope.messages).toMatchObject([
    { messageId: first.messageId, account: 'demo', registeredDelivery: 1, attempts: 0 },
  ])
})

test('of a repeated batch and a new batch, only the new batch is published', async () => {
  const { queue, published } = fakeQueue()
  const router = routerOn(queue)
  const repeated = { batchId: 'b1', submissions: [submission('31612345678')] }
  const first = await router.submit(repeated, WANTED)
  published.length = 0
  const [again, fresh] = await Promise.all([
    router.submit(repeated, WANTED),
    router.submit({ batchId: 'b2', submissions: [submission('31612345679')] }, WANTED),
  ])
  expect(again).toEqual(first)
  expect(decodeVerdicts(fresh)).toEqual([{ kind: 'accepted' }])
  const messages = published.filter(({ queue: name }) => name !== JOURNAL_QUEUE)
  expect(messages.map((publication) => publication.messages)).toEqual([1])
})

test('a batch is rejected while the queue is unavailable, and its retry is accepted', async () => {
  const { queue, fail } = fakeQueue()
  const router = routerOn(queue)
  const batch = { batchId: 'b1', submissions: [submission('31612345678')] }
  fail(new Error('away'))
  await expect(router.submit(batch, WANTED)).rejects.toThrow('away')
  fail(undefined)
  expect(decodeVerdicts(await router.submit(batch, WANTED))).toEqual([{ kind: 'accepted' }])
})

test("an envelope holds at most 48 KiB and at most two seconds' worth of messages", async () => {
  const { queue, published } = fakeQueue()
  const slow = Array.from({ length: 5 }, () => submission('4915112345678'))
  const many = Array.from({ length: 400 }, () => submission('31612345678'))
  await routerOn(queue).submit({ batchId: 'b1', submissions: [...slow, ...many] }, WANTED)
  const sizes = (name: string) =>
    published.filter((one) => one.queue === name).map(({ messages }) => messages)
  expect(sizes('submit.slow.normal')).toEqual([2, 2, 1])
  expect(sizes('submit.nl.normal').reduce((sum, size) => sum + size, 0)).toBe(400)
  for (const { payload } of published) expect(payload.length).toBeLessThan(50 * 1024)
})

test('two waiting copies of a batch are published once, and both are answered', async () => {
  const { queue, published } = fakeQueue()
  const router = routerOn(queue)
  const batch = { batchId: 'b1', submissions: [submission('31612345678')] }
  const answers = await Promise.all([router.submit(batch, WANTED), router.submit(batch, WANTED)])
  expect(answers.map(decodeVerdicts)).toEqual([[{ kind: 'accepted' }], [{ kind: 'accepted' }]])
  expect(published).toHaveLength(2)
})

test('a batch whose gateway no longer waits is not published', async () => {
  const { queue, published } = fakeQueue()
  const batch = { batchId: 'b1', submissions: [submission('31612345678')] }
  await expect(
    routerOn(queue).submit(batch, { isWanted: () => false, isRetry: false }),
  ).rejects.toThrow('the gateway no longer waits')
  expect(published).toEqual([])
})

test('a retry of an accepted batch is accepted even if its connector is now disabled', async () => {
  const { queue, published } = fakeQueue()
  const batch = { batchId: 'b1', submissions: [submission('31612345678')] }
  const accepted = await routerOn(queue).submit(batch, WANTED)
  published.length = 0
  const outOfService = routerOn(queue, new Admitter(platformOf(false)))
  expect(await outOfService.submit(batch, { ...WANTED, isRetry: true })).toEqual(accepted)
  expect(published).toEqual([])
})

test('a refusal is recorded only for a retry, and a recorded refusal is final', async () => {
  const known = new Map<string, Buffer>()
  const { queue, published } = fakeQueue(known)
  const outOfService = routerOn(queue, new Admitter(platformOf(false)))
  const batch = { batchId: 'b1', submissions: [submission('31612345678')] }
  const refused = [expect.objectContaining({ kind: 'refused' })]
  expect(decodeVerdicts(await outOfService.submit(batch, WANTED))).toEqual(refused)
  expect(known.size).toBe(0)
  const again = await outOfService.submit(batch, { ...WANTED, isRetry: true })
  expect(decodeVerdicts(again)).toEqual(refused)
  // The first attempt, which arrives after the retry, is not published.
  expect(decodeVerdicts(await routerOn(queue).submit(batch, WANTED))).toEqual(refused)
  expect(published).toEqual([])
})

test('a batch is not published if its gateway disconnects just before publication', async () => {
  const { queue, published } = fakeQueue()
  const batch = { batchId: 'b1', submissions: [submission('31612345678')] }
  let isThere = true
  const answer = routerOn(queue).submit(batch, { isWanted: () => isThere, isRetry: false })
  // Simulates a process that was suspended, and only now notices that its peer has disconnected.
  setImmediate(() => (isThere = false))
  await expect(answer).rejects.toThrow('the gateway no longer waits')
  expect(published).toEqual([])
})
