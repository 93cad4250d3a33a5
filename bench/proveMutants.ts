// Disables mechanisms, one at a time, in a copy of the checkout. The test that guards a mechanism
// must pass on the unchanged copy, and fail for the expected reason without the mechanism.
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { execFileSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root, runStep } from '../scripts/runStep.ts'
import { type Guard, type Mutant, mutated } from './mutant.ts'
import { MUTANTS } from './mutants.ts'
import type { Proof, ProofOptions } from './proof.ts'

type Report = ProofOptions['onProgress']

interface Finding {
  readonly held: boolean
  readonly said: string
}

export async function proveMutants({ only = '', onProgress }: ProofOptions): Promise<Proof> {
  // Checks the texts of all mutants before the first long run.
  for (const mutant of MUTANTS) mutated(textOf(root, mutant), mutant)
  const chosen = MUTANTS.filter(({ name, file }) => `${name} ${file}`.includes(only))
  if (chosen.length === 0) throw new Error(`no mutant has "${only}" in its name or file`)
  const copy = mkdtempSync(join(tmpdir(), 'signalbox-mutants-'))
  try {
    copyCheckout(copy)
    const findings = new Map<string, Finding>()
    for (const guards of guardsByFile(chosen)) {
      for (const [test, finding] of await passTogether(copy, guards, onProgress))
        findings.set(`as it is: ${test}`, finding)
    }
    for (const mutant of chosen) {
      const name = `${mutant.name} (invariant ${mutant.invariant}): ${mutant.guard.test}`
      findings.set(name, await dies(copy, mutant, onProgress))
    }
    return {
      held: [...findings.values()].every(({ held }) => held),
      figures: Object.fromEntries([...findings].map(([name, { said }]) => [name, said])),
    }
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

/** Copies the checkout, including uncommitted changes. */
function copyCheckout(copy: string): void {
  const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate']
  const files = execFileSync('git', list, { cwd: root, encoding: 'utf8' })
  for (const file of files.split('\0').filter(Boolean)) {
    // The list still holds files whose deletion was not committed.
    if (existsSync(join(root, file))) cpSync(join(root, file), join(copy, file))
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
}

/** The guards without duplicates, grouped by file. */
function guardsByFile(mutants: readonly Mutant[]): readonly (readonly Guard[])[] {
  const files = new Map<string, Map<string, Guard>>()
  for (const { guard } of mutants) {
    const guards = files.get(guard.file) ?? new Map<string, Guard>()
    files.set(guard.file, guards.set(guard.test, guard))
  }
  return [...files.values()].map((guards) => [...guards.values()])
}

/** Runs the guards of one file together. If not all pass, runs each alone to find the failures. */
async function passTogether(
  copy: string,
  guards: readonly Guard[],
  report: Report,
): Promise<ReadonlyMap<string, Finding>> {
  const findings = new Map<string, Finding>()
  const [first] = guards
  if (!first) return findings
  const test = guards.map((guard) => `(?:${guard.test})`).join('|')
  const { passed, output } = await run(copy, { ...first, test })
  const all = passed && new RegExp(`^${guards.length} passed, 0 failed`, 'm').test(output)
  for (const guard of guards) {
    const finding = all
      ? told(report, true, 'passes', guard.test)
      : await passes(copy, guard, report)
    findings.set(guard.test, finding)
  }
  return findings
}

async function passes(copy: string, guard: Guard, report: Report): Promise<Finding> {
  const { passed, output } = await run(copy, guard)
  const held = passed && /^1 passed, 0 failed/m.test(output)
  if (!held) report(output)
  return told(report, held, `${held ? 'passes' : 'DOES NOT PASS'}`, guard.test)
}

async function dies(copy: string, mutant: Mutant, report: Report): Promise<Finding> {
  const file = join(copy, mutant.file)
  const original = textOf(copy, mutant)
  writeFileSync(file, mutated(original, mutant))
  const { passed, output } = await run(copy, mutant.guard)
  writeFileSync(file, original)
  if (passed) return told(report, false, 'SURVIVES', mutant.name)
  const [reason] = mutant.says.exec(output) ?? []
  if (reason === undefined) report(output)
  const said = reason === undefined ? 'FAILS FOR ANOTHER REASON' : `fails: \`${reason}\``
  return told(report, reason !== undefined, said, mutant.name)
}

function told(report: Report, held: boolean, said: string, about: string): Finding {
  report(`${about}: ${said}`)
  return { held, said }
}

function run(copy: string, { project, file, test }: Guard) {
  const command = ['vitest', 'run', '--project', project, file, '-t', test] as const
  return runStep(command, { cwd: copy, env: { NO_COLOR: '1', CI: '' } })
}

function textOf(folder: string, { file }: Mutant): string {
  return readFileSync(join(folder, file), 'utf8')
}
