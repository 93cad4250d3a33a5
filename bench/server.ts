// Measures the SMPP server alone, with 10 sessions x window 50: complete decoding, a handler, and
// submit_sm_resp. Our server and the one of the npm package `smpp` take turns, each in its own
// process. Only the CPU time of that process counts, so that the load generator and other load on
// the machine do not affect the result.
import type { ServerMake, ServerQuestion, ServerUse } from './answeringServer.ts'
import { askChild } from './askChild.ts'
import type { Child } from './askChild.ts'
import type { BenchOptions } from './benchOptions.ts'
import { figureOf, median } from './figure.ts'
import type { Figure } from './figure.ts'
import type { RawLoadAnswer, RawLoadQuestion } from './rawLoad.ts'

const SESSIONS = 10
const WINDOW = 50
const ROUNDS = 5
const MAKES: readonly ServerMake[] = ['signalbox', 'npm smpp']
const METRIC = 'submit_sm_resp, per CPU-second'

type Load = Child<RawLoadQuestion, RawLoadAnswer>
type Server = Child<ServerQuestion, ServerUse>

interface Turn {
  readonly ratePerCpuSecond: number
  readonly ratePerSecond: number
  /** Share of the turn during which the server's process used a CPU. */
  readonly busy: number
}

export async function server({ seconds }: BenchOptions): Promise<Figure[]> {
  const turnMs = (seconds * 1_000) / ((ROUNDS + 1) * MAKES.length)
  const load: Load = askChild('rawLoad.ts')
  const servers = new Map(
    MAKES.map((make): [ServerMake, Server] => [make, askChild('answeringServer.ts')]),
  )
  const turns: Record<ServerMake, Turn[]> = { signalbox: [], 'npm smpp': [] }
  try {
    for (const [make, one] of servers) await one.ask({ make })
    // The first round is a warm-up, in which each server's code is compiled.
    for (let round = 0; round <= ROUNDS; round++) {
      for (const [make, one] of servers) {
        const turn = await takeTurn(one, load, turnMs)
        if (round > 0) turns[make].push(turn)
      }
    }
  } finally {
    await Promise.all([load, ...servers.values()].map((child) => child.stop()))
  }
  return figuresOf(turns)
}

async function takeTurn(one: Server, load: Load, forMs: number): Promise<Turn> {
  const before = await one.ask({})
  const startedMs = performance.now()
  await load.ask({ port: before.port, sessions: SESSIONS, windowSize: WINDOW, forMs })
  const seconds = (performance.now() - startedMs) / 1_000
  const after = await one.ask({})
  const answered = after.answered - before.answered
  const cpuSeconds = after.cpuSeconds - before.cpuSeconds
  return {
    ratePerCpuSecond: answered / cpuSeconds,
    ratePerSecond: answered / seconds,
    busy: cpuSeconds / seconds,
  }
}

function figuresOf(turns: Record<ServerMake, Turn[]>): Figure[] {
  const figure = figureOf('server')
  const of = (make: ServerMake, field: keyof Turn) => median(turns[make].map((turn) => turn[field]))
  const peer = (field: keyof Turn) => ({ name: 'npm smpp', value: of('npm smpp', field) })
  const perCpuSecond = of('signalbox', 'ratePerCpuSecond')
  const perSecond = of('signalbox', 'ratePerSecond')
  return [
    figure(METRIC, perCpuSecond, 'messages/s', peer('ratePerCpuSecond')),
    figure(
      'submit_sm_resp, per second of wall-clock time',
      perSecond,
      'messages/s',
      peer('ratePerSecond'),
    ),
    figure('server busy', 100 * of('signalbox', 'busy'), '%'),
    figure(`${METRIC}: npm smpp`, of('npm smpp', 'ratePerCpuSecond'), 'messages/s'),
    figure('server busy: npm smpp', 100 * of('npm smpp', 'busy'), '%'),
  ]
}
