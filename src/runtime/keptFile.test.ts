import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { KeptFile } from './keptFile.ts'

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-kept-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return folder
}

test('a file that does not exist reads as undefined', async () => {
  const folder = await newFolder()
  expect(await new KeptFile(join(folder, 'kept.json')).read()).toBeUndefined()
})

test('any other error while reading is thrown', async () => {
  const folder = await newFolder()
  await expect(new KeptFile(folder).read()).rejects.toMatchObject({ code: 'EISDIR' })
})

test('the last text written can be read, and a missing folder is created', async () => {
  const folder = await newFolder()
  const file = new KeptFile(join(folder, 'snapshot', 'kept.json'))
  await file.write(['first'])
  await file.write(['second'])
  expect(await file.read()).toBe('second')
  expect(await readdir(join(folder, 'snapshot'))).toEqual(['kept.json'])
})

test('only the owner may read the file', async () => {
  const path = join(await newFolder(), 'kept.json')
  await new KeptFile(path).write(['secret'])
  expect((await stat(path)).mode & 0o777).toBe(0o600)
})

test('a write that fails does not change the file', async () => {
  const path = join(await newFolder(), 'kept.json')
  await writeFile(path, 'former')
  // This creates a folder that has the name of the temporary file.
  await new KeptFile(`${path}.next/inside`).write(['in the way'])
  await expect(new KeptFile(path).write(['new'])).rejects.toMatchObject({ code: 'EISDIR' })
  expect(await readFile(path, 'utf8')).toBe('former')
})
