// npm run prove -- NAME [--minutes N] [--seed N]: what is too long for CI. The result is written to
// docs/proofs/NAME.md with the commit it ran on.
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Proof, ProofOptions } from './proof.ts'
import { proveKills } from './proveKills.ts'
import { proveMutants } from './proveMutants.ts'

interface Provable {
  readonly about: string
  readonly minutes: number
  readonly prove: (options: ProofOptions) => Promise<Proof>
}

const PROOFS = new Map<string, Provable>([
  [
    'kills',
    {
      about: 'random kills and stops of every part under steady load; nothing accepted is lost',
      minutes: 30,
      prove: proveKills,
    },
  ],
  [
    'mutants',
    {
      about: 'a mechanism taken out of the source makes the test that guards it fail',
      minutes: 10,
      prove: proveMutants,
    },
  ],
])

const FOLDER = join(import.meta.dirname, '..', 'docs', 'proofs')
const LIST = [...PROOFS].map(([one, { about, minutes: m }]) => `  ${one}   ${about} (${m} min)\n`)
const USAGE = `npm run prove -- NAME [--minutes N] [--seed N]\n${LIST.join('')}`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { minutes: { type: 'string' }, seed: { type: 'string', default: '1' } },
})
const name = positionals[0] ?? ''
const provable = PROOFS.get(name)
if (!provable) {
  process.stderr.write(name === '' ? USAGE : `there is no proof "${name}"\n\n${USAGE}`)
  process.exit(2)
}
const minutes = Number(values.minutes ?? provable.minutes)
const seed = Number(values.seed)
if (!(minutes > 0) || !Number.isInteger(seed)) {
  process.stderr.write(`--minutes takes a number above 0, --seed a whole number\n\n${USAGE}`)
  process.exit(2)
}

const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim()
const commit = git('rev-parse', 'HEAD') + (git('status', '--porcelain') === '' ? '' : ' (changed)')
const startedAt = new Date()
const startMs = performance.now()
const proof = await provable.prove({
  minutes,
  seed,
  onProgress: (what) => {
    const seconds = Math.round((performance.now() - startMs) / 1000)
    process.stderr.write(`${String(seconds).padStart(6)} s  ${what}\n`)
  },
})
const rows = Object.entries(proof.figures).map(([what, value]) => `| ${what} | ${value} |`)
const text = [
  `# ${name}: ${proof.held ? 'held' : 'DID NOT HOLD'}`,
  '',
  `${provable.about}. \`npm run prove -- ${name} --minutes ${minutes} --seed ${seed}\``,
  `on commit ${commit}, ${startedAt.toISOString()}, ${availableParallelism()} cores.`,
  '',
  '| figure | value |',
  '|---|---|',
  ...rows,
  '',
].join('\n')
mkdirSync(FOLDER, { recursive: true })
writeFileSync(join(FOLDER, `${name}.md`), text)
process.stdout.write(text)
process.exitCode = proof.held ? 0 : 1
