// `npm run pack:smpp`: the library of src/smpp as the npm package `signalbox`, which holds nothing
// else (the platform runs from a checkout or an image). Compiled modules, declarations, source maps
// with their sources in them, README, API reference and LICENSE; no declaration maps, which would
// want the sources as files. Its package.json is made here from the one of the checkout, which
// stays private.

import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { root, runStep } from './runStep.ts'

const usage = `Usage: npm run pack:smpp [-- --out FOLDER]

Compiles src/smpp and packs it as the npm package that \`signalbox/smpp\` is imported from.

  --out FOLDER  where to: FOLDER/smpp is the package, FOLDER/signalbox-VERSION.tgz the tarball
                of it (default: dist)
  --help        this text

Try it elsewhere with \`npm install FOLDER/signalbox-VERSION.tgz\`; publish with \`npm publish\`.`

interface RootPackage {
  readonly version: string
  readonly license: string
}

await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
})

async function main(): Promise<void> {
  const { help, out } = readOptions()
  if (help) return console.log(usage)
  const folder = join(out, 'smpp')
  rmSync(folder, { recursive: true, force: true })
  await compile(join(folder, 'smpp'))
  // The checkout's own package.json, which npm has read already.
  const ours = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as RootPackage
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest(ours), null, 2)}\n`)
  cpSync(join(root, 'LICENSE'), join(folder, 'LICENSE'))
  cpSync(join(root, 'src/smpp/README.md'), join(folder, 'README.md'))
  cpSync(join(root, 'docs/smpp-api.md'), join(folder, 'docs/smpp-api.md'))
  rewrite(join(folder, 'README.md'), linksOfPackage)
  rewrite(join(folder, 'docs/smpp-api.md'), linksOfPackage)
  await step(['npm', 'pack', folder, '--pack-destination', out, '--loglevel', 'error'])
  const tarball = join(out, `signalbox-${ours.version}.tgz`)
  console.log(relative(process.cwd(), tarball) || tarball)
}

function readOptions(): { help: boolean; out: string } {
  try {
    const { values } = parseArgs({
      options: { help: { type: 'boolean' }, out: { type: 'string' } },
    })
    return { help: values.help ?? false, out: resolve(values.out ?? join(root, 'dist')) }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(`${reason}\n\n${usage}`, { cause: error })
  }
}

async function compile(outDir: string): Promise<void> {
  mkdirSync(outDir, { recursive: true })
  await step(['tsc', '-p', join(root, 'tsconfig.smpp.json'), '--outDir', outDir])
  for (const name of readdirSync(outDir, { recursive: true, encoding: 'utf8' })) {
    const path = join(outDir, name)
    if (name.endsWith('.d.ts')) rewrite(path, namesModules)
    if (name.endsWith('.js.map')) rewrite(path, namesSource)
  }
}

function rewrite(path: string, change: (text: string) => string): void {
  writeFileSync(path, change(readFileSync(path, 'utf8')))
}

/** The compiler leaves `.ts` in declarations, which only itself resolves to a `.d.ts`. */
function namesModules(declarations: string): string {
  return declarations.replace(/(\bfrom '\.[^']*)\.ts'/g, "$1.js'")
}

/** The source lies in the map: its name is the module's, not a path out of the package. */
function namesSource(map: string): string {
  return map.replace(/"sources":\["[^"]*?([^/"]+)"\]/, '"sources":["$1"]')
}

/** Where the pages that link to each other lie in the package; nothing else is in it to link to. */
function linksOfPackage(markdown: string): string {
  return markdown
    .replaceAll('](../../docs/smpp-api.md)', '](docs/smpp-api.md)')
    .replaceAll('](../src/smpp/README.md)', '](../README.md)')
    .replace(/\[([^\]]*)\]\((?!\.\.\/README\.md)\.[^)]*\)/g, '$1')
}

/** `description`: root/package.json has the platform's, and this is a library. */
function manifest({ version, license }: RootPackage) {
  return {
    name: 'signalbox',
    version,
    description: 'SMPP 3.3, 3.4 and 5.0: client, server, codec, text, receipts; no dependencies',
    keywords: ['smpp', 'sms', 'smsc', 'esme', 'gsm', 'delivery receipt'],
    license,
    type: 'module',
    exports: {
      './smpp': { types: './smpp/index.d.ts', default: './smpp/index.js' },
      './package.json': './package.json',
    },
    files: ['smpp', 'docs'],
    sideEffects: false,
    engines: { node: '>=20' },
    // Its declarations name Buffer, Socket and the like.
    peerDependencies: { '@types/node': '>=20' },
    peerDependenciesMeta: { '@types/node': { optional: true } },
  }
}

async function step(command: readonly [string, ...string[]]): Promise<void> {
  const { passed, output } = await runStep(command)
  if (!passed) throw new Error(`${command[0]} failed:\n${output.trim()}`)
}
