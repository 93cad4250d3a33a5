// Sets envelopes aside on a whole platform, and lists, inspects and redrives them with the commands
// that docs/operations.md shows, while ordinary messages flow.

import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { newMessageId } from '../src/message/ids.ts'
import { deadLettersIn } from '../src/queue/deadLetterTable.ts'
import { encodeEnvelope, submitQueue } from '../src/queue/envelopeWire.ts'
import { encodeBody } from '../src/smpp/index.ts'
import { commandsOf, type Ended, runSignalbox } from './commandsOf.ts'
import { ScriptedPlatform } from './scriptedPlatform.ts'

const PATIENCE = { timeout: 30_000, interval: 100 }
const QUEUE = submitQueue('north', 'normal')
const GARBAGE = Buffer.from('garbage')
const ORDINARY = '31600000001'
const SET_ASIDE = '31600000002'

let platform: ScriptedPlatform
const shown = commandsOf('docs/operations.md')

beforeAll(async () => {
  platform = await ScriptedPlatform.start()
})
afterAll(() => platform.stop())

/** Runs a command that docs/operations.md shows. */
function runShown(words: string): Promise<Ended> {
  expect(shown).toContain(words)
  return run(words)
}

function run(words: string): Promise<Ended> {
  return runSignalbox(platform.stack.home, words)
}

/** Resolves when the newest dead letter has this id. */
async function untilSetAside(id: number): Promise<void> {
  const newest = () => platform.count('select coalesce(max(id), 0) from dead_letters')
  await vi.waitUntil(async () => (await newest()) === id, PATIENCE)
}

/** Submits ordinary messages until `work` is done. All of them must reach the SMSC. */
async function amidMessages(work: () => Promise<void>): Promise<void> {
  const taken = () => platform.smsc.takenFor(ORDINARY).length
  const before = taken()
  let isDone = false
  const submitted: string[] = []
  const flow = async () => {
    while (!isDone) submitted.push(await platform.customer.submit(ORDINARY))
  }
  await Promise.all([flow(), work().finally(() => (isDone = true))])
  await vi.waitUntil(() => taken() - before >= submitted.length, PATIENCE)
  expect(taken() - before).toBe(submitted.length)
}

test('garbage on a submit queue is set aside, listed, inspected and redriven', async () => {
  await amidMessages(async () => {
    const publish = 'insert into queue_envelopes (queue, payload, messages) values ($1, $2, 1)'
    await platform.database.pool.query(publish, [QUEUE, GARBAGE])
    await untilSetAside(1)
    const queues = await runShown('queue ls')
    expect(queues).toMatchObject({ exitCode: 0, stderr: '' })
    expect(queues.stdout).toMatch(/^QUEUE +ENVELOPES +MESSAGES +OLDEST +DEAD LETTERS$/m)
    expect(queues.stdout).toMatch(/^submit\.north\.normal +\d.* 1$/m)
    const list = await runShown(`queue dead --queue ${QUEUE}`)
    const [heads, row] = list.stdout.split('\n')
    expect(heads).toMatch(/^ID +SET ASIDE +QUEUE +RECEIVES +OCTETS +REASON$/)
    expect(row).toMatch(
      /^1 +\S+Z +submit\.north\.normal +1 +7 +Error: the octets are not valid msgpack$/,
    )
    const { stdout } = await runShown('queue dead 1')
    expect(stdout).toContain(
      'payload    7 octets, unreadable: Error: the octets are not valid msgpack\n',
    )
    expect(stdout).toContain(`begins     ${GARBAGE.toString('hex')}\n`)
    expect(await runShown('queue redrive 1')).toMatchObject({
      exitCode: 0,
      stderr: '',
      stdout: '1 dead letter is back on its queue.\n',
    })
    await untilSetAside(2)
    const again = await runShown('queue dead')
    expect(again.stdout.split('\n')[1]).toMatch(/^2 +\S+Z +submit\.north\.normal +1 /)
  })
  const counted = () => platform.metric('admin', 'admin_redriven_dead_letters_total', QUEUE)
  await vi.waitUntil(async () => (await counted()) === 1, PATIENCE)
})

test('a good envelope that is redriven is delivered once', async () => {
  const messageId = newMessageId()
  const payload = encodeEnvelope({
    envelopeId: newMessageId(),
    connector: 'north',
    lane: 'normal',
    messages: [
      {
        messageId,
        account: 'bank',
        user: 'bank',
        acceptedAtMs: Date.now(),
        attempts: 0,
        body: encodeBody('submit_sm', { destination_addr: SET_ASIDE }),
        registeredDelivery: 1,
        expiresAtMs: Date.now() + 3_600_000,
      },
    ],
  })
  const letter = { queue: QUEUE, payload, reason: 'harm', receives: 1 }
  await deadLettersIn(platform.database).setAside([letter])
  const id = await platform.count('select max(id) from dead_letters')
  const inspected = JSON.parse((await run(`queue dead ${id} --json`)).stdout)
  expect(inspected.content).toMatchObject({
    kind: 'envelope',
    items: [{ messageId, account: 'bank', connector: 'north' }],
  })
  await amidMessages(async () => {
    const redriven = await run(`queue redrive ${id} --json`)
    expect(redriven.exitCode).toBe(0)
    expect(JSON.parse(redriven.stdout)).toEqual({ redriven: 1, kept: [] })
    await vi.waitUntil(() => platform.smsc.takenFor(SET_ASIDE).length > 0, PATIENCE)
  })
  await platform.untilSettled()
  expect((await platform.trace(messageId)).state).toBe('ENROUTE')

  // A second copy, for example from a crash in the middle of a redrive, is not sent.
  await deadLettersIn(platform.database).setAside([letter])
  const copy = await run(`queue redrive --queue ${QUEUE} --max 5`)
  expect(copy.exitCode).toBe(3)
  expect(copy.stdout).toContain('was not redriven: a worker may have submitted its messages')
  const publish = 'insert into queue_envelopes (queue, payload, messages) values ($1, $2, 1)'
  await platform.database.pool.query(publish, [QUEUE, payload])
  await platform.untilSettled()
  expect(platform.smsc.takenFor(SET_ASIDE)).toHaveLength(1)
})

test('wrong arguments are errors that say what to do', async () => {
  const missing = await run('queue dead 4711')
  expect(missing).toMatchObject({
    exitCode: 2,
    stderr: 'signalbox: there is no dead letter 4711: it was redriven, or its retention ended\n',
  })
  const nothing = await run('queue redrive')
  expect(nothing.exitCode).toBe(2)
  expect(nothing.stderr).toContain('give the ids of dead letters, or --queue')
  const unknown = await run('queue redrive --queue north --json')
  expect(unknown.exitCode).toBe(2)
  expect(JSON.parse(unknown.stdout).error.message).toContain(
    'dead letters of north cannot be redriven',
  )
})
