// npm run prove -- NAME [--minutes N] [--count N] [--seed N] [--rate N] [--scale N] [--only TEXT]
//
// Runs a test that is too long for CI. The result is written to docs/proofs/NAME.md with its
// commit. A partial proof (--only) and a scaled one (--scale) are only printed.
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Proof, ProofOptions } from './proof.ts'
import { proveDoor } from './proveDoor.ts'
import { proveFuzz } from './proveFuzz.ts'
import { proveKills } from './proveKills.ts'
import { proveLeases } from './proveLeases.ts'
import { proveLife } from './proveLife.ts'
import { proveMutants } from './proveMutants.ts'
import { proveProtocolSoak } from './proveProtocolSoak.ts'
import { proveScale } from './proveScale.ts'

interface Provable {
  readonly about: string
  readonly minutes: number
  /** The default number of items. It replaces `minutes`, unless --minutes is passed. */
  readonly count?: number
  readonly prove: (options: ProofOptions) => Promise<Proof>
}

const PROOFS = new Map<string, Provable>([
  [
    'door',
    {
      about:
        'odd requests through the platform to SMSCs of versions 3.3, 3.4 and 5.0; each request ' +
        'reaches an end and affects no other',
      minutes: 20,
      count: 1_000_000,
      prove: proveDoor,
    },
  ],
  [
    'fuzz',
    {
      about:
        'mutated PDUs through codec and sessions of both sides; no exception, no memory growth',
      minutes: 10,
      count: 10_000_000,
      prove: proveFuzz,
    },
  ],
  [
    'kills',
    {
      about:
        'random kills and stops of every process under steady load, with two processes each of ' +
        'router, workers and dlr-processor; no accepted message is lost',
      minutes: 30,
      prove: proveKills,
    },
  ],
  [
    'mutants',
    {
      about: 'for each mechanism, the test that guards it fails if the mechanism is removed',
      minutes: 10,
      prove: proveMutants,
    },
  ],
  [
    'leases',
    {
      about:
        'two workers with two bind slots are killed and stopped; the SMSC never sees a third bind',
      minutes: 20,
      prove: proveLeases,
    },
  ],
  [
    'life',
    {
      about:
        'the whole life of messages at a steady rate (--rate, default 2500/s), with two ' +
        'processes each of router, workers and dlr-processor: no message lost or duplicated, ' +
        'memory and backlog constant',
      minutes: 10,
      prove: proveLife,
    },
  ],
  [
    'protocol-soak',
    {
      about: 'the SMPP library alone at full rate: memory constant, no resource left after close',
      minutes: 10,
      prove: proveProtocolSoak,
    },
  ],
  [
    'scale',
    {
      about:
        'millions of waiting messages, deliveries for a customer that never binds, 1,000 ' +
        'connectors, 100,000 users, a transaction held open: what other customers see before ' +
        'and during each',
      minutes: 10,
      prove: proveScale,
    },
  ],
])

const FOLDER = join(import.meta.dirname, '..', 'docs', 'proofs')
const LIST = [...PROOFS].map(
  ([one, { about, minutes: m }]) => `  ${one.padEnd(13)} ${about} (${m} min)\n`,
)
const OPTIONS = '[--minutes N] [--count N] [--seed N] [--rate N] [--scale N] [--only TEXT]'
/** Proofs with parts that --only can select. */
const IN_PARTS = ['mutants', 'scale']
const USAGE = `npm run prove -- NAME ${OPTIONS}\n${LIST.join('')}`

const { values, positionals } = readArguments()
if (values.help) {
  process.stdout.write(USAGE)
  process.exit(0)
}
const name = positionals[0] ?? ''
const provable = PROOFS.get(name)
if (!provable) {
  process.stderr.write(name === '' ? USAGE : `unknown proof "${name}"\n\n${USAGE}`)
  process.exit(2)
}
const minutes = Number(values.minutes ?? provable.minutes)
const seed = Number(values.seed)
const rate = values.rate === undefined ? undefined : Number(values.rate)
const defaultCount = values.minutes === undefined ? provable.count : undefined
const count = values.count === undefined ? defaultCount : Number(values.count)
const scale = Number(values.scale)
const amounts = [minutes, rate ?? 1, count ?? 1, scale]
if (!Number.isInteger(seed) || !amounts.every((amount) => amount > 0)) {
  const expected =
    '--minutes, --rate, --count and --scale must be numbers above 0, and --seed a whole number'
  process.stderr.write(`${expected}\n\n${USAGE}`)
  process.exit(2)
}
const extent = count === undefined ? `--minutes ${minutes}` : `--count ${count}`

if (values.only !== undefined && !IN_PARTS.includes(name)) {
  process.stderr.write(`--only is valid only for ${IN_PARTS.join(' and ')}\n\n${USAGE}`)
  process.exit(2)
}
const chosenRate = rate === undefined ? '' : ` --rate ${rate}`
const command = `npm run prove -- ${name} ${extent} --seed ${seed}${chosenRate}`
const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim()
const commit = git('rev-parse', 'HEAD') + (git('status', '--porcelain') === '' ? '' : ' (changed)')
const startedAt = new Date()
const startMs = performance.now()
const proof = await provable.prove({
  minutes,
  count,
  seed,
  rate,
  scale,
  only: values.only,
  onProgress: (what) => {
    const seconds = Math.round((performance.now() - startMs) / 1000)
    process.stderr.write(`${String(seconds).padStart(6)} s  ${what}\n`)
  },
})
const row = (cells: readonly (number | string)[]) => `| ${cells.join(' | ')} |`
const rowsUnder = (columns: readonly string[], rows: readonly (readonly (number | string)[])[]) => [
  row(columns),
  row(columns.map(() => '---')),
  ...rows.map(row),
]
const { table } = proof
const text = [
  `# ${name}: ${proof.held ? 'held' : 'DID NOT HOLD'}`,
  '',
  `${provable.about}. \`${command}\``,
  `on commit ${commit}, ${startedAt.toISOString()}, ${availableParallelism()} cores.`,
  '',
  ...rowsUnder(['figure', 'value'], Object.entries(proof.figures)),
  ...(table ? ['', ...rowsUnder(table.columns, table.rows)] : []),
  '',
].join('\n')
if (values.only === undefined && scale === 1) {
  mkdirSync(FOLDER, { recursive: true })
  writeFileSync(join(FOLDER, `${name}.md`), text)
}
process.stdout.write(text)
process.exitCode = proof.held ? 0 : 1

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        minutes: { type: 'string' },
        count: { type: 'string' },
        seed: { type: 'string', default: '1' },
        rate: { type: 'string' },
        scale: { type: 'string', default: '1' },
        only: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    })
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`)
    return process.exit(2)
  }
}
