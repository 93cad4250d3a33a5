#!/usr/bin/env node
// Starts the `signalbox` command with Node 24, which runs TypeScript directly: this very process
// where it is new enough, else the Node that the installation brought into node_modules/.bin.
// Plain JavaScript on purpose, since Node 18 and newer must be able to read it.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const main = join(root, 'src', 'cli', 'main.ts')

if (Number.parseInt(process.versions.node, 10) >= 24) {
  await import('../src/cli/main.ts')
} else {
  const node = bundledNode(root)
  if (node) runWith(node)
  else refuse()
}

function bundledNode(from) {
  const candidate = join(from, 'node_modules', '.bin', 'node')
  if (existsSync(candidate)) return candidate
  const parent = dirname(from)
  return parent === from ? undefined : bundledNode(parent)
}

function runWith(node) {
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' })
  // A terminal sends Ctrl-C to the child as well; sent twice it would mean "do not wait".
  const forwarded = process.stdin.isTTY ? ['SIGTERM', 'SIGHUP'] : ['SIGTERM', 'SIGHUP', 'SIGINT']
  for (const signal of ['SIGINT', ...forwarded]) {
    process.removeAllListeners(signal)
    process.on(signal, () => forwarded.includes(signal) && child.kill(signal))
  }
  child.on('error', (error) => {
    console.error(`signalbox: ${node} cannot be started: ${error.message}. Try \`npm ci\` again.`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}

function refuse() {
  console.error(
    `signalbox: needs Node 24, and this is ${process.version}. Either run \`npm ci\` in ${root}, ` +
      'which brings a Node 24 along on Linux (without --omit=optional), or install Node 24.',
  )
  process.exit(1)
}
