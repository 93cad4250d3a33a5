// What an operator asks about messages, with the commands that docs/operations.md shows.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { commandsOf, type Ended, runSignalbox } from './commandsOf.ts'
import { ScriptedPlatform } from './scriptedPlatform.ts'

const NUMBER = '31612345678'
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

test('a message is found by the number that its customer names', async () => {
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

test('a search shows a page, and the next one with the cursor that it prints', async () => {
  const first = await run(`search ${NUMBER} --limit 1`)
  expect(first.stdout).toContain('There are older ones.')
  const cursor = /--cursor ([0-9a-f-]{36})$/m.exec(first.stdout)?.[1]
  const second = await run(`search ${NUMBER} --limit 1 --cursor ${cursor} --json`)
  expect(JSON.parse(second.stdout)).toMatchObject({ messages: [{ destination: NUMBER }] })
  expect(first.stdout).not.toContain(JSON.parse(second.stdout).messages[0].messageId)
})

test('a search that finds nothing, and one that is wrong, say so', async () => {
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
