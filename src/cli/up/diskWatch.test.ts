import { expect, onTestFinished, test } from 'vitest'
import { DiskWatch } from './diskWatch.ts'

const MEGA = 1024 * 1024

test('each change between free, nearly full and full is reported once', () => {
  const shown: string[] = []
  let rooms = 0
  let freeMega = 1000
  const watch = new DiskWatch({
    folder: '/somewhere',
    show: (line) => shown.push(line),
    onRoom: () => rooms++,
    freeOctets: () => freeMega * MEGA,
  })
  onTestFinished(() => watch.close())
  for (const mega of [1000, 200, 100, 15, 0, 100, 90, 1000, 1000]) {
    freeMega = mega
    watch.check()
  }
  expect(shown).toEqual([
    expect.stringContaining('/somewhere is nearly full (200 MB left)'),
    expect.stringContaining('/somewhere is full (15 MB left)'),
    expect.stringContaining('/somewhere has free space again (100 MB left)'),
    expect.stringContaining('/somewhere has free space again (1000 MB left)'),
  ])
  expect(rooms).toBe(1)
})

test('a folder that does not exist is ignored', () => {
  const shown: string[] = []
  const watch = new DiskWatch({
    folder: '/no/such/folder',
    show: (line) => shown.push(line),
    onRoom: () => undefined,
  })
  watch.close()
  expect(shown).toEqual([])
})
