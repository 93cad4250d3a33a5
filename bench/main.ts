// npm run bench -- NAME… [--json] [--seconds N] [--rate N]: figures of this machine, now. Machines
// differ, so what is to be compared has to run in the same call.
import { parseArgs } from 'node:util'
import type { LoadProgress } from '../src/lab/loadGenerator.ts'
import { accept } from './accept.ts'
import type { BenchOptions } from './benchOptions.ts'
import { printFigures } from './figure.ts'
import type { Figure } from './figure.ts'
import { life } from './life.ts'

const benches = new Map<string, (options: BenchOptions) => Promise<Figure[]>>([
  ['accept', accept],
  ['life', life],
])

const USAGE = `npm run bench -- NAME... [--json] [--seconds N] [--rate N]
  accept   submit_sm until it is durable and answered, 20 sessions x window 100
  life     the same with receipts, until every one is back
  --seconds N   how long load is put on (default 20)
  --rate N      messages a second (default: all windows full)
  --json        one line of JSON for each figure
`

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        seconds: { type: 'string', default: '20' },
        rate: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    })
    const seconds = positive('--seconds', values.seconds)
    const rate = values.rate === undefined ? undefined : positive('--rate', values.rate)
    const unknown = positionals.find((name) => !benches.has(name))
    if (unknown !== undefined) throw new Error(`there is no bench "${unknown}"`)
    return { names: positionals, seconds, rate, json: values.json, help: values.help }
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`)
    return process.exit(2)
  }
}

function positive(name: string, given: string): number {
  const value = Number(given)
  if (value > 0 && Number.isFinite(value)) return value
  throw new Error(`${name} is "${given}". Expected a number above 0`)
}

function showProgress({ sent, answered, refused, unknown, receipts }: LoadProgress): void {
  if (!process.stderr.isTTY) return
  process.stderr.write(
    `\r  sent ${sent}, accepted ${answered}, refused ${refused}, unknown ${unknown}, ` +
      `receipts ${receipts}\u001b[K`,
  )
}

const { names, seconds, rate, json, help } = readArguments()
if (help || names.length === 0) {
  process.stdout.write(USAGE)
  process.exit(help ? 0 : 2)
}
for (const name of names) {
  const bench = benches.get(name)
  if (!bench) continue
  if (!json) process.stdout.write(`${name}, ${seconds} s\n`)
  const figures = await bench({ seconds, rate, onProgress: showProgress })
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
  printFigures(figures, json)
  // A fast platform that loses messages has failed, whatever its rates.
  const broken = figures.find(
    ({ metric, value }) => value > 0 && (metric === 'lost' || metric === 'without receipt'),
  )
  if (broken) {
    process.stderr.write(`${name} failed: ${broken.metric}: ${broken.value}\n`)
    process.exitCode = 1
  }
}
