import { InvalidArgumentError } from 'commander'
import type { Command } from 'commander'
import { runCommand } from '../client/runCommand.ts'
import { runUp } from '../up/runUp.ts'

interface Options {
  readonly json?: boolean
  readonly demo: boolean
  readonly workers: number
  readonly routers: number
  readonly dlrProcessors: number
}

const PROCESSES_MAX = 16

const HELP = `
All data is stored in SIGNALBOX_HOME (default: .signalbox in the current folder). If DATABASE_URL is
set, that PostgreSQL server is used instead of the embedded one. With SIGNALBOX_PORTS=auto, every
process listens on free ports.

Exit codes: 0 stopped, 2 error, 3 port in use, 130 stopped without waiting.`

export function registerUp(program: Command): void {
  program
    .command('up')
    .description('run everything on this machine: database, six components, simulated SMSC')
    .option('--json', 'print one JSON line when ready')
    .option('--no-demo', 'omit the demo account, its connector and the simulator')
    .option('--workers <number>', 'number of worker processes', count, 1)
    .option('--routers <number>', 'number of router processes', count, 1)
    .option(
      '--dlr-processors <number>',
      'number of processes that write message states and receipts',
      count,
      1,
    )
    .addHelpText('after', HELP)
    .action((options: Options) => {
      const { json = false, demo, workers, routers: router, dlrProcessors: dlr } = options
      return runCommand(options, () => runUp({ json, demo, counts: { workers, router, dlr } }))
    })
}

function count(text: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= 1 && number <= PROCESSES_MAX) return number
  throw new InvalidArgumentError(`Expected a whole number from 1 to ${PROCESSES_MAX}.`)
}
