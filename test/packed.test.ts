// The library as others get it: packed, installed where nothing of the checkout is, and used by the
// programs of its README as they stand there.

import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { root, runStep } from '../scripts/runStep.ts'
import { SourceFile } from './tidy/sourceFile.ts'

const home = mkdtempSync(join(tmpdir(), 'signalbox-packed-'))
const app = join(home, 'app')
const installed = join(app, 'node_modules', 'signalbox')

beforeAll(async () => {
  mkdirSync(app)
  await done(['node', join(root, 'scripts/packSmpp.ts'), '--out', home])
  const [tarball = ''] = readdirSync(home).filter((name) => name.endsWith('.tgz'))
  writeFileSync(join(app, 'package.json'), '{ "private": true, "type": "module" }')
  await done(['npm', 'install', '--offline', '--no-audit', '--no-fund', join('..', tarball)])
})

afterAll(() => rmSync(home, { recursive: true, force: true }))

async function done(command: readonly [string, ...string[]]): Promise<string> {
  const { passed, output } = await runStep(command, { cwd: app })
  if (!passed) throw new Error(`${command.join(' ')} failed:\n${output}`)
  return output
}

describe('the package', () => {
  test('has the compiled library, its README, reference and licence, and nothing else', () => {
    const others = filesIn(installed).filter((path) => {
      const name = /^smpp\/(.*)(?:\.js|\.js\.map|\.d\.ts)$/.exec(path)?.[1]
      if (name === undefined || /test|fixture|vectors|suite/.test(name)) return true
      return !existsSync(join(root, 'src/smpp', `${name}.ts`))
    })
    expect(others).toEqual(['LICENSE', 'README.md', 'docs/smpp-api.md', 'package.json'])
    expect(filesIn(installed)).toContain('smpp/index.d.ts')
  })

  test.each(['README.md', 'docs/smpp-api.md'])('has whatever its %s links to', (page) => {
    const markdown = readFileSync(join(installed, page), 'utf8')
    const links = [...markdown.matchAll(/\]\(([^)#][^)]*)\)/g)].map(([, link = '']) => link)
    const local = links.filter((link) => !/^https?:/.test(link))
    expect(local.filter((link) => !existsSync(join(installed, page, '..', link)))).toEqual([])
    expect(local).toContain(page === 'README.md' ? 'docs/smpp-api.md' : '../README.md')
  })

  test('depends on no package', () => {
    const manifest: unknown = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'))
    expect(manifest).not.toHaveProperty('dependencies')
    expect(manifest).not.toHaveProperty('private')
    expect(manifest).not.toHaveProperty('scripts')
    expect(readdirSync(join(app, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual([
      'signalbox',
    ])
  })

  test('imports only what is in it, and modules of Node', () => {
    const modules = filesIn(installed).filter((path) => /\.(js|d\.ts)$/.test(path))
    const imports = modules.flatMap((path) =>
      new SourceFile(path, readFileSync(join(installed, path), 'utf8')).imports
        .filter(({ kind }) => kind !== 'mention')
        .map(({ specifier, target }) => target ?? specifier),
    )
    expect(imports).toContain('node:net')
    const foreign = imports.filter(
      (one) => !one.startsWith('node:') && !existsSync(join(installed, one)),
    )
    expect(foreign).toEqual([])
  })

  test('names no folder of the machine that packed it', () => {
    const texts = filesIn(installed).map((path) => readFileSync(join(installed, path), 'utf8'))
    expect(texts.filter((text) => text.includes(root) || text.includes(home))).toEqual([])
  })

  test('can be required from CommonJS', async () => {
    const script = "console.log(typeof require('signalbox/smpp').connectSmpp)"
    expect(await done(['node', '--input-type=commonjs', '--eval', script])).toBe('function\n')
  })
})

describe('the two programs of its README', () => {
  test.each(['client', 'server'] as const)('the %s has ten lines', (name) => {
    const lines = programOf(name).split('\n')
    expect(lines.filter((line) => line.trim() !== '').length).toBeLessThanOrEqual(10)
  })

  test.each(runtimes())(
    'talk to each other as plain JavaScript on Node %s',
    async (version, node) => {
      await expectTalk(node, version, 'mjs')
    },
  )

  test('are strict TypeScript, and what is emitted talks too', async () => {
    const types = join(app, 'node_modules', '@types')
    mkdirSync(types)
    symlinkSync(realpathSync(join(root, 'node_modules/@types/node')), join(types, 'node'))
    onTestFinished(() => rmSync(types, { recursive: true }))
    writeFileSync(join(app, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }))
    await expectTalk(process.execPath, 'typed', 'mts', () => done(['tsc', '-p', app]))
  })
})

const files = ['typed/client.mts', 'typed/server.mts']
const compilerOptions = {
  target: 'es2022',
  module: 'nodenext',
  types: ['node'],
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  rootDir: 'typed',
  outDir: 'typed',
}

/** Writes both programs, runs them against each other, and holds them to what they print. */
async function expectTalk(
  node: string,
  folder: string,
  extension: 'mjs' | 'mts',
  compile?: () => Promise<unknown>,
): Promise<void> {
  const port = await freePort()
  mkdirSync(join(app, folder))
  for (const name of ['client', 'server'] as const) {
    const program = programOf(name).replace('2775', String(port))
    writeFileSync(join(app, folder, `${name}.${extension}`), program)
  }
  await compile?.()
  const server = start(node, `${folder}/server.mjs`)
  await vi.waitFor(() => knock(port), { timeout: 15_000 })
  const client = start(node, `${folder}/client.mjs`)
  await client.ended
  expect(client.output()).toMatch(/^ESME_ROK [0-9a-f-]{36}\n$/)
  await vi.waitFor(() => expect(server.output()).not.toBe(''))
  expect(server.output()).toBe('Shop to 31612345678: Hello! It costs 5 €\n')
}

function programOf(name: 'client' | 'server'): string {
  const readme = readFileSync(join(installed, 'README.md'), 'utf8')
  const found = new RegExp(`## A ${name} in ten lines\\n[^]*?\`\`\`js\\n([^]*?)\`\`\``).exec(readme)
  if (!found?.[1]) throw new Error(`the README has no program under "A ${name} in ten lines"`)
  return found[1]
}

/** Both streams of a program; it is killed when its test ends. */
function start(node: string, path: string) {
  const child = spawn(node, [path], { cwd: app, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(child, 'close')
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  return { ended, output: () => output }
}

/** This Node, and each other one on PATH that may run the library. */
function runtimes(): [version: string, path: string][] {
  const outside = (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => !folder.includes('node_modules'))
    .map((folder) => join(folder, 'node'))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile())
  const found = new Map([[process.version, process.execPath]])
  for (const path of outside) {
    const version = execFileSync(path, ['--version'], { encoding: 'utf8' }).trim()
    if (Number(/^v(\d+)/.exec(version)?.[1]) >= 20) found.set(version, path)
  }
  return [...found]
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** Rejects while nobody listens. */
async function knock(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
  } finally {
    socket.destroy()
  }
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => statSync(join(folder, path)).isFile())
    .toSorted()
}
