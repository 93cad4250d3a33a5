import { expect, test } from 'vitest'
import { untilNoneWaits } from './untilNoneWaits.ts'

const MOVING = { id: 'old', state: 'disabled', waiting: { moveTo: 'other' } }

function statusWith(waitingMessages: number) {
  return { ...MOVING, binds: 1, bindsUp: 0, waitingMessages }
}

test('the wait shows the remaining messages, and ends when the connector stays empty', async () => {
  const counts = [1200, 0, 1, 0, 0, 0, 0, 99]
  const paths: string[] = []
  const get = async (path: string) => {
    paths.push(path)
    return { body: statusWith(counts.shift() ?? 0), etag: undefined }
  }
  const shown: string[] = []
  const output = { write: (text: string) => shown.push(text) > 0 }
  await untilNoneWaits({ get }, MOVING, { output, intervalMs: 1 })
  // The connector was first found empty, then a message arrived, and the wait continued.
  expect(counts).toEqual([99])
  expect(new Set(paths)).toEqual(new Set(['/connector-status/old']))
  expect(shown[0]).toContain('1,200 messages left')
})

test('the wait fails when the connector is changed, even if no message is left', async () => {
  const changes = [
    [{ state: 'enabled', waiting: 'keep' }, 'it is enabled now, and 1 message still waits for it'],
    [{ waiting: 'keep' }, 'it is disabled now, and 0 messages still wait for it'],
    [{ waiting: { moveTo: 'third' } }, 'it is disabled, moving its messages to third now'],
  ] as const
  for (const [change, said] of changes) {
    const left = said.includes('1 message') ? 1 : 0
    const statuses = [statusWith(5), { ...statusWith(left), ...change }]
    const get = async () => ({ body: statuses.shift(), etag: undefined })
    await expect(
      untilNoneWaits({ get }, MOVING, { output: undefined, intervalMs: 1 }),
    ).rejects.toThrow(said)
  }
})

test('the wait fails when no message leaves for three minutes', async () => {
  let nowMs = 0
  const counts = [3, 2, 2, 2]
  const get = async () => {
    nowMs += 90_000
    return { body: statusWith(counts.shift() ?? 2), etag: undefined }
  }
  const progress = { output: undefined, intervalMs: 1, now: () => nowMs }
  await expect(untilNoneWaits({ get }, MOVING, progress)).rejects.toThrow(
    'no message has left connector old for three minutes: it is disabled, moving its messages ' +
      'to other now, and 2 messages still wait for it',
  )
  // The third count of two messages is taken 180 s after the first count of two messages.
  expect(counts).toEqual([])
})
