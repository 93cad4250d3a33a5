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

test('missing folders are created with the given mode, and existing folders are kept', async () => {
  const top = await newFolder()
  makeFolder(join(top, 'a', 'b'), 0o700)
  makeFolder(join(top, 'a', 'b'), 0o700)
  expect(statSync(join(top, 'a')).mode & 0o777).toBe(0o700)
  expect(statSync(join(top, 'a', 'b')).isDirectory()).toBe(true)
})

test('a file or a dangling link in the path is an error', async () => {
  const top = await newFolder()
  writeFileSync(join(top, 'file'), '')
  symlinkSync(join(top, 'nowhere'), join(top, 'link'))
  for (const way of ['file', 'file/x', 'link', 'link/x'])
    expect(() => makeFolder(join(top, way)), way).toThrow(/EEXIST|ENOTDIR|ENOENT/)
})

test('a parent in which no folder can be created is an error', () => {
  // On macOS, /proc does not exist and the root folder is read-only.
  expect(() => makeFolder('/proc/x/y')).toThrow(/ENOENT|EROFS|EACCES/)
})
