// `npm run test:full`: runs all tests, including long tests and tests that need other software.
// Missing software is installed if this runs as root or on a CI machine. Tests whose software
// cannot be installed are skipped and listed; on a CI machine, a skipped test fails the run.
import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { runStep } from './runStep.ts'

/** Software that some *.full.test.ts needs beyond `npm ci`. */
interface Need {
  /** The program whose presence shows that the software is installed. */
  readonly program: string
  /**
   * Arguments with which the program succeeds only if a dependency, such as a Perl module, exists.
   */
  readonly proof?: readonly string[]
  readonly debianPackage: string
  /** Describes the tests that need the software. */
  readonly tests: string
  /** Environment variable that is '1' if the software is missing. Tests read it and skip. */
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
  console.log(`skipped: ${tests}, because ${command} is missing (apt-get install ${debianPackage})`)
}
if (missing.length === 0) console.log('skipped: none; all required software is installed')

const env = Object.fromEntries(missing.map(({ variable }) => [variable, '1']))
const { passed } = await runStep(['vitest', 'run', ...process.argv.slice(2)], { show: true, env })
if (!passed || (isCi && missing.length > 0)) process.exitCode = 1

/** Installs the missing software, if that is allowed. Returns the software still missing. */
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
