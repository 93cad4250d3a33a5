import { statSync, symlinkSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { makeFolder } from './makeFolder.ts'

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-folder-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return folder
}

test('all that is missing is made, with the mode, and made again without harm', async () => {
  const top = await newFolder()
  makeFolder(join(top, 'a', 'b'), 0o700)
  makeFolder(join(top, 'a', 'b'), 0o700)
  expect(statSync(join(top, 'a')).mode & 0o777).toBe(0o700)
  expect(statSync(join(top, 'a', 'b')).isDirectory()).toBe(true)
})

test('a file in the way, and a link to nowhere, are errors', async () => {
  const top = await newFolder()
  writeFileSync(join(top, 'file'), '')
  symlinkSync(join(top, 'nowhere'), join(top, 'link'))
  for (const way of ['file', 'file/x', 'link', 'link/x'])
    expect(() => makeFolder(join(top, way)), way).toThrow(/EEXIST|ENOTDIR|ENOENT/)
})

test('a parent that takes no folders is an error', () => {
  // macOS has no /proc, and a root folder that nothing can be written to.
  expect(() => makeFolder('/proc/x/y')).toThrow(/ENOENT|EROFS|EACCES/)
})
