// npm run bench -- NAME… [--json] [--seconds N] [--rate N]: figures of this machine, now. Machines
// differ, so what is to be compared has to run in the same call.
import { parseArgs } from 'node:util'
import type { LoadProgress } from '../src/lab/loadGenerator.ts'
import { accept } from './accept.ts'
import type { BenchOptions } from './benchOptions.ts'
import { codec } from './codec.ts'
import { printFigures } from './figure.ts'
import type { Figure } from './figure.ts'
import { follow } from './follow.ts'
import { idleBinds } from './idleBinds.ts'
import { latency } from './latency.ts'
import { life } from './life.ts'
import { receipts } from './receipts.ts'
import { rtt } from './rtt.ts'
import { server } from './server.ts'

interface Bench {
  /** One line, or more that are indented in the usage. */
  readonly about: string
  readonly seconds: number
  readonly run: (options: BenchOptions) => Promise<Figure[]>
}

const BENCHES = new Map<string, Bench>([
  [
    'codec',
    {
      about: 'decode a submit_sm and encode it again, beside npm smpp and code written by hand',
      seconds: 20,
      run: codec,
    },
  ],
  [
    'server',
    {
      about: 'the SMPP server alone beside that of npm smpp, 10 sessions x window 50',
      seconds: 20,
      run: server,
    },
  ],
  [
    'accept',
    {
      about: 'submit_sm until it is durable and answered, 20 sessions x window 100',
      seconds: 20,
      run: accept,
    },
  ],
  ['life', { about: 'the same with receipts, until every one is back', seconds: 20, run: life }],
  [
    'receipts',
    {
      about: 'receipts that wait for a customer, from its bind on: one receiver, window 100',
      seconds: 10,
      run: receipts,
    },
  ],
  [
    'latency',
    {
      about: 'one message at a time on an idle platform: to its answer and to its receipt',
      seconds: 20,
      run: latency,
    },
  ],
  [
    'rtt',
    {
      about: 'one upstream bind, window 100, SMSC that answers after 50 ms: how full the window is',
      seconds: 20,
      run: rtt,
    },
  ],
  [
    'follow',
    {
      about: 'one changed user among 100,000: how long it holds the event loop of a gateway',
      seconds: 60,
      run: follow,
    },
  ],
  [
    'idle-binds',
    {
      about: 'idle binds on one gateway: memory, CPU, missed enquire_links',
      seconds: 60,
      run: idleBinds,
    },
  ],
])

/** A fast platform that loses something has failed, whatever its rates. */
const MUST_BE_ZERO = new Set(['lost', 'without receipt', 'enquire_link missed', 'binds lost'])

const LIST = [...BENCHES].map(
  ([name, { about, seconds: byDefault }]) => `  ${name.padEnd(11)} ${about} (${byDefault} s)\n`,
)
const USAGE = `npm run bench -- NAME... [options]
${LIST.join('')}
  --seconds N   how long load is put on
  --rate N      accept, life, rtt: messages a second (default: all windows full, rtt 2500)
  --accounts N  accept, life: spread over N accounts, a session and a user each (default: 1 with 20
                sessions); 1000 of them have windows of 2, so that 2000 are under way as well
  --binds N     idle-binds: how many (default 10000; gateway and peers need a file descriptor each)
  --json        one line of JSON for each figure
`

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        seconds: { type: 'string' },
        rate: { type: 'string' },
        accounts: { type: 'string', default: '1' },
        binds: { type: 'string', default: '10000' },
        help: { type: 'boolean', default: false },
      },
    })
    const seconds = optional('--seconds', values.seconds)
    const rate = optional('--rate', values.rate)
    const accounts = whole('--accounts', values.accounts)
    const binds = whole('--binds', values.binds)
    const unknown = positionals.find((name) => !BENCHES.has(name))
    if (unknown !== undefined) throw new Error(`there is no bench "${unknown}"`)
    return {
      names: positionals,
      seconds,
      rate,
      accounts,
      binds,
      json: values.json,
      help: values.help,
    }
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`)
    return process.exit(2)
  }
}

function optional(name: string, given: string | undefined): number | undefined {
  if (given === undefined) return undefined
  const value = Number(given)
  if (value > 0 && Number.isFinite(value)) return value
  throw new Error(`${name} is "${given}". Expected a number above 0`)
}

function whole(name: string, given: string): number {
  const value = Number(given)
  if (value > 0 && Number.isSafeInteger(value)) return value
  throw new Error(`${name} is "${given}". Expected a whole number above 0`)
}

function showProgress({ sent, answered, refused, unknown, receipts }: LoadProgress): void {
  if (!process.stderr.isTTY) return
  process.stderr.write(
    `\r  sent ${sent}, accepted ${answered}, refused ${refused}, unknown ${unknown}, ` +
      `receipts ${receipts}\u001b[K`,
  )
}

const { names, seconds, rate, accounts, binds, json, help } = readArguments()
if (help || names.length === 0) {
  process.stdout.write(USAGE)
  process.exit(help ? 0 : 2)
}
for (const name of names) {
  const bench = BENCHES.get(name)
  if (!bench) continue
  const forSeconds = seconds ?? bench.seconds
  if (!json) process.stdout.write(`${name}, ${forSeconds} s\n`)
  const figures = await bench.run({
    seconds: forSeconds,
    rate,
    accounts,
    binds,
    onProgress: showProgress,
  })
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
  printFigures(figures, json)
  const broken = figures.find(({ metric, value }) => value > 0 && MUST_BE_ZERO.has(metric))
  if (broken) {
    process.stderr.write(`${name} failed: ${broken.metric}: ${broken.value}\n`)
    process.exitCode = 1
  }
}
