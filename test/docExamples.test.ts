// The curl commands of the documents, run against a whole platform. An example whose answer is
// shown below it must be answered like that.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, afterAll, expect, test, vi } from 'vitest'
import { startStack } from './stack.ts'
import type { Stack } from './stack.ts'

let stack: Stack

beforeAll(async () => {
  stack = await startStack({})
})
afterAll(() => stack.stop())

interface Example {
  readonly command: string
  /** In the code block below the command; undefined without such a block. */
  readonly answer: object | undefined
}

/** A command of any page begins a code block of its own. */
function examplesOf(page: string): Example[] {
  const text = readFileSync(join(import.meta.dirname, '..', page), 'utf8')
  const found = text.matchAll(/^```\n(curl [^]*?)\n```\n(?:\n```json\n([^]*?)\n```\n)?/gm)
  return [...found].map(([, command = '', answer]) => ({
    command,
    // An answer of an API, which is always an object.
    answer: answer === undefined ? undefined : (JSON.parse(answer) as object),
  }))
}

/** Our documents use few of curl's options; any other one is an error here. */
function requestOf(command: string): Request {
  const words = [...command.replaceAll('\\\n', ' ').matchAll(/'[^']*'|"[^"]*"|\S+/g)].map(
    ([word]) => inShell(word),
  )
  const headers = new Headers({ connection: 'close' })
  let method: string | undefined
  let body: string | null = null
  const [, url = ''] = words
  for (let at = 2; at < words.length; at += 2) {
    const [option, value = ''] = words.slice(at, at + 2)
    const [name = '', rest] = value.split(/: (.*)/s)
    if (option === '-H') headers.set(name, rest ?? '')
    else if (option === '-d') body = value
    else if (option === '-X') method = value
    else throw new Error(`the example has an option ${option}: ${command}`)
  }
  return new Request(url, { method: method ?? (body === null ? 'GET' : 'POST'), headers, body })
}

/** The key that README.md shows in place of a reader's own. */
const KEY_OF_README = 'DYSaprdSk23pqpBGXwchtaw9wnESLc3Q'

/** A word of a command, as the shell of a reader has it who started this platform. */
function inShell(word: string): string {
  const { admin, api } = stack.ready
  return word
    .replace(/^(['"])(.*)\1$/s, '$2')
    .replace(/\$KEY$/, KEY_OF_README)
    .replace(KEY_OF_README, api.key ?? '')
    .replace(/\$TOKEN$/, admin.token)
    .replace('http://127.0.0.1:8080', api.url)
    .replace('http://127.0.0.1:8090', admin.url)
}

const MESSAGE_ID = /[0-9a-f]{8}-[0-9a-f-]{27}/

test.each(['README.md', 'docs/http-api.md', 'docs/admin-api.md'])(
  'the examples of %s work',
  async (page) => {
    const examples = examplesOf(page)
    expect(examples.length).toBeGreaterThan(0)
    let id = ''
    for (const { answer, command } of examples) {
      const run = async () => {
        const response = await fetch(requestOf(command.replace(MESSAGE_ID, id)))
        const given: unknown = await response.json()
        if (answer === undefined) expect(response.ok, command).toBe(true)
        return given
      }
      // A message reaches its final state after a moment.
      await vi.waitFor(async () => {
        const given = await run()
        if (answer !== undefined) expect(given).toEqual(shapeOf(answer))
        if (isMessage(given)) id = given.id
      }, 15_000)
    }
  },
)

function isMessage(answer: unknown): answer is { id: string } {
  return typeof answer === 'object' && answer !== null && 'id' in answer
}

/** The answer as the page shows it, with any value for ids and times. */
function shapeOf(answer: object): object {
  return Object.fromEntries(
    Object.entries(answer).map(([name, value]: [string, unknown]) => [
      name,
      MESSAGE_ID.test(String(value)) || name.endsWith('At') ? expect.any(String) : value,
    ]),
  )
}
