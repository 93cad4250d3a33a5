// A simulated SMSC in a separate process, with configurable delays and timers, that can be asked
// for its statistics. The simulated SMSC of `signalbox up` has fixed delays and timers, and reports
// statistics only when it stops.
import type { BindChange } from '../src/lab/takeovers.ts'
import { SMSC_DEFAULTS } from '../src/lab/smscOptions.ts'
import type { SmscOptions } from '../src/lab/smscOptions.ts'
import { SmscSimulator } from '../src/lab/smscSimulator.ts'
import type { SmscStats } from '../src/lab/smscSimulator.ts'
import { answerParent, askChild } from './askChild.ts'
import type { Child } from './askChild.ts'

/** The first question starts the SMSC with `start`. Later questions only read its statistics. */
export interface SmscQuestion {
  readonly start?: Pick<SmscOptions, 'file'> & Partial<Omit<SmscOptions, 'onBinds'>>
}

export interface SmscAnswer {
  readonly port: number
  readonly atMs: number
  readonly stats: SmscStats
  /** Every change of the number of open binds since the start. */
  readonly binds: readonly BindChange[]
}

export const SMSC_ACCOUNT = { systemId: 'signalbox', password: 'bench' } as const

export type SmscProcess = Child<SmscQuestion, SmscAnswer>

export function smscProcess(): SmscProcess {
  return askChild('smscProcess.ts')
}

let simulator: SmscSimulator | undefined
const binds: BindChange[] = []

answerParent<SmscQuestion, SmscAnswer>(import.meta.url, async ({ start }) => {
  if (start) {
    simulator = await SmscSimulator.start({
      ...SMSC_DEFAULTS,
      ...SMSC_ACCOUNT,
      port: 0,
      ...start,
      onBinds: (open) => void binds.push({ atMs: Date.now(), open }),
    })
  }
  if (!simulator) throw new Error('the SMSC was not started')
  return { port: simulator.port, atMs: Date.now(), stats: simulator.stats(), binds }
})
