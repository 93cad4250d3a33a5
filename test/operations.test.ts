// Answers the questions of an operator about messages with the commands that docs/operations.md
// shows.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { ESME_RTHROTTLED } from '../src/smpp/index.ts'
import { adminCall } from './adminCall.ts'
import { commandsOf, type Ended, runSignalbox } from './commandsOf.ts'
import { ScriptedPlatform } from './scriptedPlatform.ts'

const NUMBER = '31612345678'
const THROTTLED = '31612345670'
const PATIENCE = { timeout: 30_000 }
const SEARCH = 'search +31612345678 --from 2h'

let platform: ScriptedPlatform
const shown = commandsOf('docs/operations.md')

beforeAll(async () => {
  platform = await ScriptedPlatform.start()
})
afterAll(() => platform.stop())

function run(words: string): Promise<Ended> {
  return runSignalbox(platform.stack.home, words)
}

test('a search by destination number finds the messages to it', async () => {
  const { customer } = platform
  const ids = [await customer.submit(NUMBER), await customer.submit(NUMBER)]
  await customer.submit('31612345679')
  for (const id of ids) await platform.trace(id)
  expect(shown).toContain(SEARCH)
  const { exitCode, stderr, stdout } = await run(SEARCH)
  expect(stderr).toBe('')
  expect(exitCode).toBe(0)
  const [heads, second, first, , count] = stdout.split('\n')
  expect(heads).toMatch(/^ACCEPTED +MESSAGE +FROM +TO +ACCOUNT +CONNECTOR +STATE$/)
  expect(second).toMatch(`${ids[1]}  shop  ${NUMBER}  bank     north      ENROUTE`)
  expect(first).toContain(ids[0])
  expect(count).toMatch(/^2 messages, searched back to \d{4}-.+Z\.$/)
})

test('a search prints one page and a cursor that leads to the next page', async () => {
  const first = await run(`search ${NUMBER} --limit 1`)
  expect(first.stdout).toContain('There are older messages.')
  const cursor = /--cursor ([0-9a-f-]{36})$/m.exec(first.stdout)?.[1]
  const second = await run(`search ${NUMBER} --limit 1 --cursor ${cursor} --json`)
  expect(JSON.parse(second.stdout)).toMatchObject({ messages: [{ destination: NUMBER }] })
  expect(first.stdout).not.toContain(JSON.parse(second.stdout).messages[0].messageId)
})

test('a search without results says so, and an invalid search is an error', async () => {
  const none = await run('search 31600009999 --account bank --state delivered --to 1m')
  expect(none).toMatchObject({ exitCode: 0, stderr: '' })
  expect(none.stdout).toMatch(/^No messages, searched back to .+Z\.\n$/)
  const age = await run('search --from yesterday')
  expect(age.exitCode).toBe(2)
  expect(age.stderr).toBe(
    'signalbox: --from yesterday is not a time: give an age such as 30m, 2h or 7d, or a date ' +
      'such as 2026-12-01T08:00:00Z\n',
  )
  const state = await run('search --state lost --json')
  expect(state.exitCode).toBe(2)
  expect(JSON.parse(state.stdout).error.message).toContain('state: expected SCHEDULED, ENROUTE')
})

test('the trace of a throttled message shows the answers and the next attempt', async () => {
  const { customer, smsc } = platform
  let refusals = 0
  smsc.script = (taken, place) => {
    if (taken.destination !== THROTTLED) taken.answer(`UP-${place}`)
    else if (refusals < 6) {
      refusals++
      taken.refuse(ESME_RTHROTTLED)
    } else taken.answer('at last')
  }
  // Without this change a throttled bind would pause for a second.
  const north = await adminCall(platform.stack.ready.admin, 'GET', '/admin/v1/connectors/north')
  const path = '/admin/v1/connectors/north'
  await adminCall(platform.stack.ready.admin, 'PUT', path, { ...object(north), throttlePauseMs: 5 })
  const id = await customer.submit(THROTTLED)
  await expect.poll(async () => (await platform.trace(id)).steps.length, PATIENCE).toBe(4)
  const { stdout } = await run(`trace ${id}`)
  const lines = stdout.split('\n').filter((line) => /^ {2}\d{4}-/.test(line))
  expect(lines[1]).toMatch(
    /  ESME_RTHROTTLED  attempt 1 on north, 5 submissions since \S+Z; the next .+ due at \S+Z$/,
  )
  expect(lines[2]).toMatch(/  ESME_RTHROTTLED  attempt 2 on north$/)
  expect(lines[3]).toMatch(/  submitted        to north, which calls it at last$/)
  const json = JSON.parse((await run(`trace ${id} --json`)).stdout)
  expect(json).toMatchObject({
    unfinishedAttempts: [
      { attempt: 1, connector: 'north', reason: 'ESME_RTHROTTLED', submissions: 5 },
      { attempt: 2, connector: 'north', reason: 'ESME_RTHROTTLED', submissions: 1 },
    ],
    unfinishedAttemptsOmitted: 0,
  })
})

/** Narrows an answer of the admin API to an object. */
function object(answer: unknown): object {
  if (typeof answer !== 'object' || answer === null) throw new Error('not an object')
  return answer
}
