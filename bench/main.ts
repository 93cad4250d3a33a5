// npm run bench -- NAME… [--json] [--seconds N] [--rate N]: measures this machine. Machines
// differ, so figures are comparable only if they were measured in the same run.
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
import { sqsCost } from './sqsCost.ts'

interface Bench {
  /** Description for the usage text, in one line. */
  readonly about: string
  readonly seconds: number
  readonly run: (options: BenchOptions) => Promise<Figure[]>
}

const BENCHES = new Map<string, Bench>([
  [
    'codec',
    {
      about: 'decode and re-encode a submit_sm, compared with npm smpp and hand-written code',
      seconds: 20,
      run: codec,
    },
  ],
  [
    'server',
    {
      about: 'the SMPP server alone, compared with npm smpp, 10 sessions x window 50',
      seconds: 20,
      run: server,
    },
  ],
  [
    'accept',
    {
      about: 'submit_sm until it is stored and answered, 20 sessions x window 100',
      seconds: 20,
      run: accept,
    },
  ],
  [
    'life',
    { about: 'like accept, but until every receipt has been delivered', seconds: 20, run: life },
  ],
  [
    'receipts',
    {
      about: 'delivery of waiting receipts when a customer binds: one receiver, window 100',
      seconds: 10,
      run: receipts,
    },
  ],
  [
    'latency',
    {
      about: 'one message at a time on an idle platform: time to its response and its receipt',
      seconds: 20,
      run: latency,
    },
  ],
  [
    'rtt',
    {
      about: 'how full one upstream bind keeps its window of 100 if the SMSC answers after 50 ms',
      seconds: 20,
      run: rtt,
    },
  ],
  [
    'follow',
    {
      about: 'how long a change to one of 100,000 users blocks the event loop of a gateway',
      seconds: 60,
      run: follow,
    },
  ],
  [
    'idle-binds',
    {
      about: 'memory, CPU and missed enquire_links of idle binds on one gateway',
      seconds: 60,
      run: idleBinds,
    },
  ],
  [
    'sqs-cost',
    {
      about: 'what SQS bills per million messages from the router to a worker',
      seconds: 20,
      run: sqsCost,
    },
  ],
])

/** If one of these figures is above zero, the benchmark fails, however fast the platform was. */
const MUST_BE_ZERO = new Set([
  'lost',
  'without receipt',
  'enquire_link missed',
  'binds lost',
  'not accepted',
  'not received',
  'not settled',
])

const LIST = [...BENCHES].map(
  ([name, { about, seconds: byDefault }]) => `  ${name.padEnd(11)} ${about} (${byDefault} s)\n`,
)
const USAGE = `npm run bench -- NAME... [options]
${LIST.join('')}
  --seconds N   duration of the load
  --rate N      accept, life, rtt, sqs-cost: messages per second (default: all windows full; rtt:
                2500; sqs-cost: 2000)
  --accounts N  accept, life: number of accounts, with one user and one session each (default: one
                account with 20 sessions); the windows are chosen so that the total of unanswered
                messages stays at 2000, for example a window of 2 for 1000 accounts
  --binds N     idle-binds: number of binds (default 10000; each needs a file descriptor in the
                gateway and another in the client process)
  --json        print one JSON line for each figure
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
    if (unknown !== undefined) throw new Error(`unknown benchmark "${unknown}"`)
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
