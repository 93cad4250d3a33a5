// `npm run check`: runs all static checks of the code concurrently. Prints one line per step, and
// for each failed step its output and advice on how to fix the problem.
import { readdirSync } from 'node:fs'
import { root, runStep } from './runStep.ts'
import type { StepResult } from './runStep.ts'

interface Step {
  readonly name: string
  readonly command: readonly [string, ...string[]]
  readonly advice: string
}

const present = new Set(readdirSync(root))
const folders = ['src', 'test', 'bench', 'scripts', 'bin', 'vitest.config.ts'].filter((name) =>
  present.has(name),
)

const steps: readonly Step[] = [
  {
    name: 'types',
    command: ['tsc', '--noEmit', '--pretty'],
    advice: 'TypeScript is in strict mode. Narrow a type instead of asserting it.',
  },
  {
    name: 'lint',
    command: ['oxlint', '--deny-warnings', ...folders],
    advice: 'The rules are in .oxlintrc.json. `npx oxlint --fix src` fixes some problems.',
  },
  {
    name: 'format',
    command: ['oxfmt', '--check', ...folders],
    advice: 'Run `npm run format`.',
  },
  {
    name: 'tidy',
    command: ['vitest', 'run', '--project', 'tidy'],
    advice:
      'CONTRIBUTING.md explains the rules, and test/tidy/ checks them. ' +
      '`npm run docs` writes the pages of docs/ that are generated from the code.',
  },
]

const results = await Promise.all(steps.map(({ command }) => runStep(command)))
steps.forEach((step, index) => {
  const result = results[index]
  if (result) report(step, result)
})

const failed = results.filter(({ passed }) => !passed).length
if (failed > 0) process.exitCode = 1
console.log(`\n${results.length - failed} passed, ${failed} failed`)

function report({ name, advice }: Step, { passed, output, seconds }: StepResult): void {
  const took = `${seconds.toFixed(1)} s`
  console.log(`${passed ? '✓' : '✗'} ${name.padEnd(8)} ${took}`)
  if (passed) return
  console.log(`\n${output.trim()}\n\n  → ${advice}\n`)
}
