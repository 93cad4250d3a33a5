// Packs the library, installs it away from the checkout, and runs the programs of its README
// unchanged.

import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { root, runStep } from '../scripts/runStep.ts'
import { connectSmpp, createSmppServer, ESME_ROK, messageText } from '../src/smpp/index.ts'
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

  test.each(['README.md', 'docs/smpp-api.md'])(
    'contains every file that its %s links to',
    (page) => {
      const markdown = readFileSync(join(installed, page), 'utf8')
      const links = [...markdown.matchAll(/\]\(([^)#][^)]*)\)/g)].map(([, link = '']) => link)
      const local = links.filter((link) => !/^https?:/.test(link))
      expect(local.filter((link) => !existsSync(join(installed, page, '..', link)))).toEqual([])
      expect(local).toContain(page === 'README.md' ? 'docs/smpp-api.md' : '../README.md')
    },
  )

  test('depends on no package', () => {
    const manifest: unknown = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'))
    expect(manifest).not.toHaveProperty('dependencies')
    expect(manifest).not.toHaveProperty('private')
    expect(manifest).not.toHaveProperty('scripts')
    expect(readdirSync(join(app, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual([
      'signalbox',
    ])
  })

  test('imports only its own files and modules of Node', () => {
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

  test('contains no path of the machine that packed it', () => {
    const texts = filesIn(installed).map((path) => readFileSync(join(installed, path), 'utf8'))
    expect(texts.filter((text) => text.includes(root) || text.includes(home))).toEqual([])
  })

  test('can be required from CommonJS', async () => {
    const script = "console.log(typeof require('signalbox/smpp').connectSmpp)"
    expect(await done(['node', '--input-type=commonjs', '--eval', script])).toBe('function\n')
  })
})

describe('the two programs of its README', () => {
  test.each(['client', 'server'] as const)('the %s has at most ten lines', (name) => {
    const lines = programOf(name).split('\n')
    expect(lines.filter((line) => line.trim() !== '').length).toBeLessThanOrEqual(10)
  })

  test.each(runtimes())(
    'talk to each other as plain JavaScript on Node %s',
    async (version, node) => {
      await expectTalk(node, version, 'mjs')
    },
  )

  test('compile as strict TypeScript, and the output talks to each other', async () => {
    const types = join(app, 'node_modules', '@types')
    mkdirSync(types)
    symlinkSync(realpathSync(join(root, 'node_modules/@types/node')), join(types, 'node'))
    onTestFinished(() => rmSync(types, { recursive: true }))
    writeFileSync(join(app, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }))
    await expectTalk(process.execPath, 'typed', 'mts', () => done(['tsc', '-p', app]))
  })
})

describe('the recipes of its README', () => {
  test('have at most fifteen lines each', () => {
    const section = /\n## Recipes\n([^]*?)\n## /.exec(readme())?.[1] ?? ''
    const recipes = [...section.matchAll(/```js\n([^]*?)```/g)].map(([, code = '']) => code)
    expect(recipes).toHaveLength(5)
    for (const recipe of recipes)
      expect(recipe.split('\n').filter((line) => line.trim() !== '').length).toBeLessThan(16)
  })

  test('reconnect, and send again the messages that were not accepted', async () => {
    const port = await freePort()
    const client = program('again.mjs', [
      `const options = ${JSON.stringify({ ...BIND, port, windowSize: 1 })}, requests = {}`,
      recipe('Reconnect').replace('1_000', '50'),
      recipe('Resend messages that were not sent'),
      `const texts = ['taken?', 'not sent', 'not sent either'].map((text) => Buffer.from(text))
      const sent = await Promise.allSettled(texts.map((text) => submit({ short_message: text })))
      console.log(sent.map(({ value, reason }) => value?.message_id ?? reason.code).join())
      isLeaving = true
      await (await link).unbind()
      console.log(await submit({}).catch(({ code }) => code))`,
    ])
    await vi.waitFor(() => expect(client.output()).toContain('ECONNREFUSED'), { timeout: 15_000 })
    let binds = 0
    await using server = createSmppServer({
      events: {
        onBind: (session, pdu) => session.acceptBind(pdu, String(++binds)),
        requests: {
          submit_sm(session, pdu) {
            if (binds === 1) session.close('the first session answers nothing')
            else session.respond(pdu, ESME_ROK, { message_id: messageText(pdu) })
          },
        },
      },
    })
    await server.listen(port, '127.0.0.1')
    await client.ended
    expect(client.output()).toMatch(/\nCLOSED,not sent,not sent either\nCLOSED\n$/)
    expect(binds).toBe(2)
  })

  test('limit the pace of requests', async () => {
    const path = join(app, 'pace.mjs')
    writeFileSync(path, `${recipe('Limit the rate')}\nexport { pace }`)
    // The recipe declares `pace` like this.
    const { pace } = (await import(pathToFileURL(path).href)) as {
      pace(count: number, periodMs: number): () => Promise<void>
    }
    vi.useFakeTimers({ toFake: ['setTimeout', 'performance'] })
    onTestFinished(() => void vi.useRealTimers())
    const turn = pace(5, 100)
    let turns = 0
    const taken = async (afterMs: number) => {
      await vi.advanceTimersByTimeAsync(afterMs)
      return turns
    }
    const take = (count: number) => {
      for (; count > 0; count--) void turn().then(() => turns++)
    }
    take(3)
    expect(await taken(60)).toBe(3)
    take(9)
    expect(await taken(0)).toBe(5)
    expect(await taken(39)).toBe(5)
    expect(await taken(1)).toBe(8)
    expect(await taken(59)).toBe(8)
    expect(await taken(1)).toBe(10)
    expect(await taken(40)).toBe(12)
  })

  test('limit connections per address, and shut down within a deadline', async () => {
    const port = await freePort()
    const server = program('limited.mjs', [
      'const events = { onBind: (session, bind) => session.acceptBind(bind) }',
      recipe('Limit connections per address').replace('> 10', '> 1'),
      recipe('Shut down within a deadline'),
      `await server.listen(${port}, '127.0.0.1')\nconsole.log('listens')`,
    ])
    await vi.waitFor(() => expect(server.output()).toBe('listens\n'), { timeout: 15_000 })
    const first = await connectSmpp({ ...BIND, port })
    await expect(connectSmpp({ ...BIND, port })).rejects.toMatchObject({ code: 'CLOSED' })
    await first.unbind()
    let closedBy = ''
    const events = { onClosed: (_: unknown, reason: string) => void (closedBy = reason) }
    await vi.waitFor(() => connectSmpp({ ...BIND, port, events }), { timeout: 15_000 })
    server.terminate()
    await server.ended
    await vi.waitFor(() => expect(closedBy).toBe('unbound by the peer'))
  })
})

const BIND = {
  host: '127.0.0.1',
  command: 'bind_transceiver',
  system_id: 'shop',
  password: 's3cret',
} as const

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

/** Writes both programs, runs them against each other, and checks their output. */
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
  return codeUnder(`## A ${name} in ten lines`)
}

function recipe(title: string): string {
  return codeUnder(`### ${title}`)
}

function readme(): string {
  return readFileSync(join(installed, 'README.md'), 'utf8')
}

/** The first code block below a heading. */
function codeUnder(heading: string): string {
  const [, section = ''] = readme().split(`\n${heading}\n`)
  const found = /^```js\n([^]*?)^```/m.exec(section)
  if (!found?.[1]) throw new Error(`the README has no program under "${heading}"`)
  return found[1]
}

/** Starts a program that consists of `parts`. */
function program(path: string, parts: readonly string[]) {
  writeFileSync(join(app, path), parts.join('\n'))
  return start(process.execPath, path)
}

/** Starts a program and collects its stdout and stderr. It is killed when its test ends. */
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
  return { ended, output: () => output, terminate: () => child.kill('SIGTERM') }
}

/** This version of Node, and every other version on PATH that the library supports. */
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

/** Rejects if nothing listens on the port. */
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
