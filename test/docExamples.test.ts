// Runs the curl commands in the documents against a whole platform. If a document shows the answer
// to a command, the platform must give that answer.

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
  /** The answer in the code block below the command; undefined if the page shows no answer. */
  readonly answer: object | undefined
}

/** The curl commands on a page. Each one has its own code block. */
function examplesOf(page: string): Example[] {
  const text = readFileSync(join(import.meta.dirname, '..', page), 'utf8')
  const found = text.matchAll(/^```\n(curl [^]*?)\n```\n(?:\n```json\n([^]*?)\n```\n)?/gm)
  return [...found].map(([, command = '', answer]) => ({
    command,
    // API answers are always objects.
    answer: answer === undefined ? undefined : (JSON.parse(answer) as object),
  }))
}

/**
 * Converts a curl command to a request. Throws if the command uses an option other than -H, -d and
 * -X, which are enough for our documents.
 */
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
    else throw new Error(`unsupported curl option ${option}: ${command}`)
  }
  return new Request(url, { method: method ?? (body === null ? 'GET' : 'POST'), headers, body })
}

/** The API key in README.md. Readers replace it with their own key. */
const KEY_OF_README = 'DYSaprdSk23pqpBGXwchtaw9wnESLc3Q'

/**
 * Removes the quotes of a word, and replaces the addresses and keys of the documents with those of
 * this platform.
 */
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
  'every curl example in %s works',
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

/** The answer that the page shows, as a pattern that accepts any ids and times. */
function shapeOf(answer: object): object {
  return Object.fromEntries(
    Object.entries(answer).map(([name, value]: [string, unknown]) => [
      name,
      MESSAGE_ID.test(String(value)) || name.endsWith('At') ? expect.any(String) : value,
    ]),
  )
}
