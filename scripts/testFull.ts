// `npm run test:full`: every test there is, the long ones and those that want software from
// outside included. What is wanted is looked for, and installed where that is possible (as root,
// or on a CI machine). What cannot be had is skipped and named; on a CI machine that fails.
import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { runStep } from './runStep.ts'

/** Software that some *.full.test.ts needs beyond `npm ci`. */
interface Need {
  /** The program that shows it is there. */
  readonly program: string
  /** With these it succeeds where what it needs is there too, such as a module of Perl. */
  readonly proof?: readonly string[]
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
    variable: 'SIGNALBOX_NO_HAPROXY',
  },
  {
    program: 'tshark',
    debianPackage: 'tshark',
    tests: 'how Wireshark dissects our PDUs',
    variable: 'SIGNALBOX_NO_TSHARK',
  },
  {
    program: 'bearerbox',
    debianPackage: 'kannel',
    tests: 'Kannel as a client of our server',
    variable: 'SIGNALBOX_NO_KANNEL',
  },
  {
    program: 'promtool',
    debianPackage: 'prometheus',
    tests: 'our metrics as Prometheus reads them',
    variable: 'SIGNALBOX_NO_PROMTOOL',
  },
  {
    program: 'perl',
    proof: ['-MNet::SMPP', '-e', '1'],
    debianPackage: 'libnet-smpp-perl',
    tests: 'Net::SMPP as a client and as a server',
    variable: 'SIGNALBOX_NO_NET_SMPP',
  },
]

const isCi = process.env['CI'] === 'true'
const mayInstall = isCi || process.getuid?.() === 0

const missing = await provide(needs.filter((need) => !isInstalled(need)))
for (const { program, proof = [], debianPackage, tests } of missing) {
  const command = [program, ...proof].join(' ')
  console.log(`skipped: ${tests}, since ${command} is missing (apt-get install ${debianPackage})`)
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
  return wanted.filter((need) => !isInstalled(need))
}

function isInstalled({ program, proof }: Need): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin']
  const path = folders.map((folder) => join(folder, program)).find(isExecutable)
  return path !== undefined && (!proof || spawnSync(path, proof).status === 0)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
