// `npm run test:full`: every test there is, the long ones and those that want software from
// outside included. What is wanted is looked for, and installed where that is possible (as root,
// or on a CI machine). What cannot be had is skipped and named; on a CI machine that fails.
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { runStep } from './runStep.ts'

/** Software that some *.full.test.ts needs beyond `npm ci`. */
interface Need {
  /** The program that shows it is there. */
  readonly program: string
  readonly debianPackage: string
  /** What is not tested without it. */
  readonly tests: string
  /** Tests read it: '1' where the program is missing and they have to skip. */
  readonly variable: string
}

const needs: readonly Need[] = [
  {
    program: 'haproxy',
    debianPackage: 'haproxy',
    tests: 'a server behind HAProxy',
    variable: 'WITHOUT_HAPROXY',
  },
]

const isCi = process.env['CI'] === 'true'
const mayInstall = isCi || process.getuid?.() === 0

const missing = await provide(needs.filter(({ program }) => !isInstalled(program)))
for (const { program, debianPackage, tests } of missing) {
  console.log(`skipped: ${tests}, since ${program} is missing (apt-get install ${debianPackage})`)
}
if (missing.length === 0) console.log('skipped: nothing; all that the tests need is here')

const env = Object.fromEntries(missing.map(({ variable }) => [variable, '1']))
const { passed } = await runStep(['vitest', 'run', ...process.argv.slice(2)], { show: true, env })
if (!passed || (isCi && missing.length > 0)) process.exitCode = 1

/** Installs what is missing where that is allowed; returns what still is. */
async function provide(wanted: readonly Need[]): Promise<readonly Need[]> {
  if (wanted.length === 0 || !mayInstall) return wanted
  const quiet = { show: true, env: { DEBIAN_FRONTEND: 'noninteractive' } }
  const packages = wanted.map(({ debianPackage }) => debianPackage)
  await runStep(['apt-get', 'update', '-q'], quiet)
  await runStep(['apt-get', 'install', '-qy', '--no-install-recommends', ...packages], quiet)
  return wanted.filter(({ program }) => !isInstalled(program))
}

function isInstalled(program: string): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin']
  return folders.some((folder) => isExecutable(join(folder, program)))
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
