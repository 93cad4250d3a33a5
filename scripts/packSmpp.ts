// `npm run pack:smpp`: packs the library in src/smpp as the npm package `signalbox`. The package
// does not contain the platform, which runs from a checkout or an image.
//
// The package contains compiled modules, declarations, source maps with embedded sources, the
// README, the API reference and the LICENSE. Declaration maps are omitted, because they need the
// sources as files. The package.json is derived from the package.json of the checkout, which stays
// private.

import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { root, runStep } from './runStep.ts'

const usage = `Usage: npm run pack:smpp [-- --out FOLDER]

Compiles src/smpp and packs it as the npm package from which \`signalbox/smpp\` is imported.

  --out FOLDER  output folder (default: dist); writes the package to FOLDER/smpp and its tarball
                to FOLDER/signalbox-VERSION.tgz
  --help        print this text

To try the package, run \`npm install FOLDER/signalbox-VERSION.tgz\` in another project. To publish
it, run \`npm publish\`.`

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
  // The package.json of the checkout. npm has already read it, so it is valid.
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

/** Renames `.ts` imports to `.js`. The compiler keeps `.ts`, which other tools do not resolve. */
function namesModules(declarations: string): string {
  return declarations.replace(/(\bfrom '\.[^']*)\.ts'/g, "$1.js'")
}

/** Replaces the path of the source, which is embedded in the map, with its file name. */
function namesSource(map: string): string {
  return map.replace(/"sources":\["[^"]*?([^/"]+)"\]/, '"sources":["$1"]')
}

/** Adapts links between the packaged pages, and removes links to files that are not packaged. */
function linksOfPackage(markdown: string): string {
  return markdown
    .replaceAll('](../../docs/smpp-api.md)', '](docs/smpp-api.md)')
    .replaceAll('](../src/smpp/README.md)', '](../README.md)')
    .replace(/\[([^\]]*)\]\((?!\.\.\/README\.md)\.[^)]*\)/g, '$1')
}

/** The package.json of the library. Its description differs from the one of the platform. */
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
    // The declarations refer to Node types such as Buffer and Socket.
    peerDependencies: { '@types/node': '>=20' },
    peerDependenciesMeta: { '@types/node': { optional: true } },
  }
}

async function step(command: readonly [string, ...string[]]): Promise<void> {
  const { passed, output } = await runStep(command)
  if (!passed) throw new Error(`${command[0]} failed:\n${output.trim()}`)
}
