// A simulated SMSC in a process of its own, which tells what it saw: that of `signalbox up` has
// fixed delays and timers, and tells nothing while it runs.
import type { BindChange } from '../src/lab/takeovers.ts'
import { SMSC_DEFAULTS } from '../src/lab/smscOptions.ts'
import type { SmscOptions } from '../src/lab/smscOptions.ts'
import { SmscSimulator } from '../src/lab/smscSimulator.ts'
import type { SmscStats } from '../src/lab/smscSimulator.ts'
import { answerParent, askChild } from './askChild.ts'
import type { Child } from './askChild.ts'

/** `start` begins it, once; without it it only tells what it saw. */
export interface SmscQuestion {
  readonly start?: Pick<SmscOptions, 'file'> & Partial<Omit<SmscOptions, 'onBinds'>>
}

export interface SmscAnswer {
  readonly port: number
  readonly atMs: number
  readonly stats: SmscStats
  /** Each change of how many binds are open, from the start on. */
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
  if (!simulator) throw new Error('it was not started')
  return { port: simulator.port, atMs: Date.now(), stats: simulator.stats(), binds }
})
