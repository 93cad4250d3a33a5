import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { SnapshotWriter } from './snapshotWriter.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function writerOf(write?: () => Promise<void>) {
  const written: string[] = []
  const troubles: string[] = []
  const state = { version: 0, written, troubles }
  const writer = new SnapshotWriter({
    pieces: () => [`version ${state.version}`],
    write: async (pieces) => {
      await write?.()
      state.written.push([...pieces].join(''))
    },
    onTrouble: (what, error) => state.troubles.push(`${what}: ${error.message}`),
  })
  const change = (): void => {
    state.version++
    writer.changed()
  }
  return { writer, state, change }
}

test('the first change is written immediately, later changes together after a pause', async () => {
  const { writer, state, change } = writerOf()
  change()
  await vi.advanceTimersByTimeAsync(0)
  expect(state.written).toEqual(['version 1'])
  for (let count = 0; count < 100; count++) {
    change()
    await vi.advanceTimersByTimeAsync(40)
  }
  expect(state.written).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(1_000)
  expect(state.written).toEqual(['version 1', 'version 101'])
  writer.stop()
})

test('a change during a write causes another write', async () => {
  const release = Promise.withResolvers<void>()
  const { writer, state, change } = writerOf(() => release.promise)
  change()
  change()
  release.resolve()
  await vi.advanceTimersByTimeAsync(5_000)
  expect(state.written).toEqual(['version 1', 'version 2'])
  writer.stop()
})

test('after stop(), flush() writes a pending change immediately', async () => {
  const { writer, state, change } = writerOf()
  change()
  await vi.advanceTimersByTimeAsync(0)
  change()
  writer.stop()
  await writer.flush()
  expect(state.written).toEqual(['version 1', 'version 2'])
  await writer.flush()
  expect(state.written).toHaveLength(2)
})

test('a failed write is reported, and the next change is still written', async () => {
  let failure: Error | undefined = new Error('disk full')
  const { writer, state, change } = writerOf(async () => {
    if (failure) throw failure
  })
  change()
  await vi.advanceTimersByTimeAsync(0)
  expect(state.troubles).toEqual(['writing a snapshot of the platform failed: disk full'])
  failure = undefined
  change()
  await vi.advanceTimersByTimeAsync(5_000)
  expect(state.written).toEqual(['version 2'])
  writer.stop()
})
