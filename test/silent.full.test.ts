// A worker that hangs holds the leases on its binds until they run out after 90 s.
import { expect, onTestFinished, test, vi } from 'vitest'
import { identify } from '../src/cli/up/processIdentity.ts'
import { startStack } from './stack.ts'

const LEASE_MS = 90_000

test('a worker that hangs is killed and replaced before its leases run out', async () => {
  const stack = await startStack({})
  onTestFinished(async () => void (await stack.stop()))
  const before = stack.pidOf('workers')
  process.kill(before, 'SIGSTOP')
  await vi.waitUntil(() => stack.pidOf('workers') !== before, LEASE_MS)
  expect(identify(before)).toBeUndefined()
  expect(stack.stderr()).toContain('no longer responds')
})
