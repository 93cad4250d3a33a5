// Stacks for tests of `signalbox up` itself, which may fail to start and may be started again.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { identify } from '../src/cli/up/processIdentity.ts'
import { StackFailed, startStack } from './stack.ts'
import type { Stack, StackOptions } from './stack.ts'

export async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'signalbox-up-'))
  onTestFinished(() => rm(made, { recursive: true, force: true }))
  return made
}

export async function stackOf(options: StackOptions): Promise<Stack> {
  const stack = await startStack(options)
  onTestFinished(async () => void (await stack.stop()))
  return stack
}

export async function failureOf(options: StackOptions): Promise<StackFailed> {
  const outcome = await startStack(options).catch((error: unknown) => error)
  if (outcome instanceof StackFailed) return outcome
  throw new Error('signalbox up started unexpectedly', { cause: outcome })
}

export function running(pids: Readonly<Record<string, number>>): string[] {
  return Object.entries(pids)
    .filter(([, pid]) => identify(pid) !== undefined)
    .map(([name]) => name)
}

export async function sendOverHttp({ ready }: Stack, text: string): Promise<string> {
  const response = await fetch(`${ready.api.url}/v1/messages`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ready.api.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ to: '31612345678', from: 'Signalbox', text }),
  })
  expect(response.status).toBe(202)
  // An answer with status 202 always contains the id.
  const { id } = (await response.json()) as { id: string }
  return id
}

export async function stateOf({ ready }: Stack, id: string): Promise<string> {
  const headers = { authorization: `Bearer ${ready.api.key}` }
  const response = await fetch(`${ready.api.url}/v1/messages/${id}`, { headers })
  // The answer of GET /v1/messages/{id} always has a state.
  const { state } = (await response.json()) as { state: string }
  return state
}
