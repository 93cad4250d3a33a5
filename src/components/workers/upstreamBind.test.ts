import { expect, onTestFinished, test, vi } from 'vitest'
import { connectorSchema } from '../../platform/connector.ts'
import { decodeBody, encodeBody } from '../../smpp/index.ts'
import type { RequestOutcome } from '../../smpp/index.ts'
import { startSmsc } from './smsc.fixture.ts'
import { UpstreamBind } from './upstreamBind.ts'

function bindTo(port: number, heldForMs: number, password: () => string = () => 'p') {
  const troubles: string[] = []
  const bind = new UpstreamBind({
    connector: connectorSchema.parse({
      id: 'sim',
      host: '127.0.0.1',
      port,
      systemId: 's',
      password: 'p',
      tps: 1000,
    }),
    slot: 1,
    password,
    heldUntilMs: performance.now() + heldForMs,
    onDeliver: () => undefined,
    onChange: () => undefined,
    events: {
      up: () => undefined,
      lost: (_, reason) => troubles.push(`lost: ${reason}`),
      failed: (_, reason) => troubles.push(`failed: ${reason}`),
      closed: () => undefined,
    },
  })
  onTestFinished(() => bind.close('the test is over'))
  return { bind, troubles }
}

test('a bind is closed when its lease expires, even if there is nothing to send', async () => {
  const { port, sessions } = await startSmsc()
  // This lease is long enough to bind on a busy machine.
  const { bind } = bindTo(port, 3_000)
  await expect.poll(() => bind.bound, { timeout: 5_000 }).toBe(true)
  await expect.poll(() => bind.bound, { timeout: 5_000 }).toBe(false)
  await expect.poll(() => sessions.size, { timeout: 5_000 }).toBe(0)
})

test('a bind stays up when its lease is extended', async () => {
  const { port, sessions } = await startSmsc()
  const startMs = performance.now()
  const { bind, troubles } = bindTo(port, 300)
  bind.extendLease(startMs + 60_000)
  await expect.poll(() => bind.bound, { timeout: 5_000 }).toBe(true)
  // After 400 ms, the first lease would have ended.
  await expect.poll(() => performance.now()).toBeGreaterThan(startMs + 400)
  expect(sessions.size).toBe(1)
  expect(troubles).toEqual([])
})

test('a bind is opened immediately when its expired lease is renewed', async () => {
  const { port, sessions } = await startSmsc()
  const { bind } = bindTo(port, 0)
  expect(sessions.size).toBe(0)
  bind.extendLease(performance.now() + 60_000)
  // The longest pause between two attempts is at least half of 15 s. A bind within five seconds did
  // not wait for that pause.
  await expect.poll(() => bind.bound, { timeout: 5_000 }).toBe(true)
})

test('an expired lease opens no bind and sets no timer with a negative delay', async () => {
  const { port, sessions } = await startSmsc()
  // Node warns only about the first negative delay in a process, so the test checks the delays.
  const timers = vi.spyOn(globalThis, 'setTimeout')
  const { bind } = bindTo(port, -1_000)
  expect(timers.mock.calls.map(([, delayMs]) => delayMs)).toEqual([0])
  expect(bind.waitMs(performance.now())).toBe(Number.POSITIVE_INFINITY)
  expect(sessions.size).toBe(0)
})

test('a closed session accepts no messages, even before it reports that it is closed', async () => {
  const { port } = await startSmsc()
  const { bind } = bindTo(port, 60_000)
  await expect.poll(() => bind.waitMs(performance.now())).toBe(0)
  const outcomes: RequestOutcome['kind'][] = []
  const body = encodeBody('submit_sm', { destination_addr: '31612345678' })
  const submitSm = decodeBody('submit_sm', body)
  const nowMs = performance.now()
  const submit = () =>
    bind.submit(submitSm, ({ kind }) => {
      outcomes.push(kind)
      // A caller that is about to send the next message calls waitMs() at this point.
      expect(bind.waitMs(nowMs)).toBe(Number.POSITIVE_INFINITY)
    })
  expect(submit()).toBe(true)
  bind.waitMs(Number.POSITIVE_INFINITY) // the lease ends before that time
  await expect.poll(() => outcomes).toEqual(['closed'])
})

test('an unreadable password fails one attempt to bind and does not end the process', async () => {
  const { port } = await startSmsc()
  const { bind, troubles } = bindTo(port, 60_000, () => {
    throw new Error('no such file')
  })
  await expect.poll(() => troubles[0]).toContain('no such file')
  expect(bind.bound).toBe(false)
})
