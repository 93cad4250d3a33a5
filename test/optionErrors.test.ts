// An error about an option points to the help of the command that has the option.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const MAIN = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))

test.each([
  [['send', '--tp', '1'], '(signalbox send --help lists its options)'],
  [['diff', '--fiel', 'x'], '(signalbox diff --help lists its options)'],
  [['simulate', 'smsc', '--latency', '1'], '(signalbox simulate smsc --help lists its options)'],
  [['up', '--workers', 'many'], '(signalbox up --help lists its options)'],
  [['queue', 'redrive', '--maxx', '1'], '(signalbox queue redrive --help lists its options)'],
  [['sned'], '(signalbox --help lists commands and options)'],
])('the error for the arguments %j points to the right help', (args, advice) => {
  const { status, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' })
  expect(status).toBe(2)
  expect(stderr).toContain(advice)
})
