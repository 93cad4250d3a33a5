import { expect, test } from 'vitest'
import { untilNoneWaits } from './untilNoneWaits.ts'

function statusWith(waitingMessages: number) {
  const waiting = { moveTo: 'other' }
  return { id: 'old', state: 'disabled', binds: 1, bindsUp: 0, waiting, waitingMessages }
}

test('it waits until no message has come for a while, and shows how many are left', async () => {
  const counts = [1200, 0, 1, 0, 0, 0, 0, 99]
  const paths: string[] = []
  const get = async (path: string) => {
    paths.push(path)
    return { body: statusWith(counts.shift() ?? 0), etag: undefined }
  }
  const shown: string[] = []
  const output = { write: (text: string) => shown.push(text) > 0 }
  await untilNoneWaits({ get }, 'old', { output, intervalMs: 1 })
  // The message that a router sent on its way at the last moment counts.
  expect(counts).toEqual([99])
  expect(new Set(paths)).toEqual(new Set(['/connector-status/old']))
  expect(shown[0]).toContain('1,200 messages left')
})
