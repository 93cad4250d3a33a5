// Sends odd requests through a whole platform to SMSCs of versions 3.3, 3.4 and 5.0, together with
// the messages of ordinary customers. test/fuzzDoor.ts says what must hold.
import type { LoadReport } from '../src/lab/loadReport.ts'
import { fuzzDoor } from '../test/fuzzDoor.ts'
import type { Proof, ProofOptions } from './proof.ts'

const REQUESTS_PER_SECOND = 1_000

export async function proveDoor({
  count,
  minutes,
  onProgress,
  rate = REQUESTS_PER_SECOND,
  seed,
}: ProofOptions): Promise<Proof> {
  const wanted = count ?? Math.ceil(minutes * 60 * rate)
  const report = await fuzzDoor({ count: wanted, seed, rate, onProgress })
  const { accepted, answers, faults, longestMs, ordinary, sent, states, submitted } = report
  for (const fault of faults) onProgress(fault)
  return {
    held: faults.length === 0 && sent === wanted,
    figures: {
      seed,
      'requests per second': rate,
      'requests sent': sent,
      'answered ESME_ROK': accepted,
      ...prefixed('refused with', answers, 'ESME_ROK'),
      ...prefixed('accepted messages that ended', states),
      ...prefixed('messages that the SMSC accepted, version', submitted),
      'longest time until a request ended, s': longestMs / 1_000,
      'ordinary messages answered and receipted': sum(ordinary, ({ answered }) => answered.size),
      'ordinary messages without an answer': sum(ordinary, ({ unknown }) => unknown.length),
      'ordinary messages that were refused': sum(ordinary, refusals),
      'submit_sm_resp of ordinary messages, p99 ms': Math.round(
        Math.max(...ordinary.map(({ latency }) => latency.p99Ms)),
      ),
      faults: faults.length === 0 ? 'none' : faults.join('; '),
    },
  }
}

function refusals({ refused }: LoadReport): number {
  return [...refused.values()].flat().length
}

function sum(reports: readonly LoadReport[], of: (report: LoadReport) => number): number {
  return reports.reduce((total, report) => total + of(report), 0)
}

function prefixed(
  prefix: string,
  counts: ReadonlyMap<string, number>,
  left?: string,
): Record<string, number> {
  const rows = [...counts].filter(([name]) => name !== left)
  const sorted = rows.toSorted(([a], [b]) => a.localeCompare(b))
  return Object.fromEntries(sorted.map(([name, count]) => [`${prefix} ${name}`, count]))
}
