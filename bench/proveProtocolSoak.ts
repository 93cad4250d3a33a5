// Runs the SMPP library alone at full rate, with the server in one process and its clients in
// another. Some sessions end with unbind, others are cut off, and all are replaced. Some requests
// stay unanswered. Requests use both callbacks and promises. Memory must stay constant, and after
// the last close no timer, socket or listener may be left.
import { setTimeout as after } from 'node:timers/promises'
import { askChild } from './askChild.ts'
import { median } from './figure.ts'
import type { ProcessMemory } from './processMemory.ts'
import type { Proof, ProofOptions } from './proof.ts'
import type { SoakClientAnswer, SoakClientQuestion } from './soakClient.ts'
import type { SoakServerAnswer, SoakServerQuestion } from './soakServer.ts'

const SESSIONS = 10
const WINDOW = 50
const SAMPLE_MS = 10_000
const ROWS_MAX = 20
/** Even a leak of one octet per message would exceed 100 MiB in ten minutes. */
const GROWTH_MAX = 0.05
const GROWTH_MIB_MAX = 5
const NODE_OPTIONS = ['--expose-gc']

interface Sample {
  readonly seconds: number
  readonly server: SoakServerAnswer
  readonly client: SoakClientAnswer
}

export async function proveProtocolSoak({ minutes, onProgress }: ProofOptions): Promise<Proof> {
  const server = askChild<SoakServerQuestion, SoakServerAnswer>('soakServer.ts', NODE_OPTIONS)
  const client = askChild<SoakClientQuestion, SoakClientAnswer>('soakClient.ts', NODE_OPTIONS)
  try {
    const { port, tlsPort, ca } = await server.ask({ kind: 'listen' })
    const startedMs = performance.now()
    const load = { sessions: SESSIONS, windowSize: WINDOW }
    await client.ask({ kind: 'start', port, tlsPort, ca, ...load })
    const samples: Sample[] = []
    for (let at = SAMPLE_MS; at <= minutes * 60_000; at += SAMPLE_MS) {
      await after(Math.max(0, startedMs + at - performance.now()))
      const [ofServer, ofClient] = await Promise.all([
        server.ask({ kind: 'use' }),
        client.ask({ kind: 'use' }),
      ])
      samples.push({ seconds: Math.round(at / 1_000), server: ofServer, client: ofClient })
      onProgress(`${ofServer.submits} submit_sm, ${ofClient.sessions} sessions`)
    }
    const clientEnd = await client.ask({ kind: 'close' })
    const serverEnd = await server.ask({ kind: 'close' })
    return proofOf(samples, clientEnd, serverEnd)
  } finally {
    await Promise.all([client.stop(), server.stop()])
  }
}

function proofOf(
  samples: readonly Sample[],
  client: SoakClientAnswer,
  server: SoakServerAnswer,
): Proof {
  const growths = growthsOf(samples)
  const left = [...client.leftovers, ...server.leftovers]
  const { seconds } = samples.at(-1) ?? { seconds: 0 }
  return {
    held:
      growths.length > 0 &&
      growths.every(({ isFlat }) => isFlat) &&
      left.length === 0 &&
      client.failures.length === 0 &&
      client.timedOut > 0 &&
      client.cutOff > 0 &&
      client.throttled > 0 &&
      server.open === 0,
    figures: {
      'concurrent sessions x window': `${SESSIONS} x ${WINDOW}, two of them over TLS`,
      'submit_sm per second': Math.round((samples.at(-1)?.server.submits ?? 0) / seconds),
      'submit_sm answered': client.answered,
      'submit_sm answered ESME_RTHROTTLED, because they crossed an unbind': client.throttled,
      'deliver_sm answered': server.delivered,
      'unanswered requests that ended with a timeout': client.timedOut,
      'requests cut off with their session': client.cutOff,
      'sessions bound and ended': server.bound,
      'unexpected failures': client.failures.join('; ') || 'none',
      'timers, sockets and listeners left after close': left.join('; ') || 'none',
      ...Object.fromEntries(growths.map(({ what, told }) => [what, told])),
    },
    table: {
      columns: [
        's',
        'server MiB',
        'server heap',
        'client MiB',
        'client heap',
        'submit_sm',
        'sessions',
      ],
      rows: samples.filter((_, index) => isShown(index, samples.length)).map(rowOf),
    },
  }
}

function isShown(index: number, count: number): boolean {
  return (index + 1) % Math.ceil(count / ROWS_MAX) === 0
}

function rowOf({ seconds, server, client }: Sample): number[] {
  const memory = [server, client].flatMap((one) => [one.residentMiB, one.heapMiB].map(tenths))
  return [seconds, ...memory, server.submits, client.sessions]
}

/** Compares the last fifth of the samples with the second fifth, when both processes are warm. */
function growthsOf(samples: readonly Sample[]) {
  const fifth = (n: number) =>
    samples.slice(Math.floor((n * samples.length) / 5), Math.ceil(((n + 1) * samples.length) / 5))
  const sides = ['server', 'client'] as const
  const kinds = ['residentMiB', 'heapMiB'] as const satisfies readonly (keyof ProcessMemory)[]
  return sides.flatMap((side) =>
    kinds.map((kind) => {
      const from = median(fifth(1).map((sample) => sample[side][kind]))
      const to = median(fifth(4).map((sample) => sample[side][kind]))
      const max = from * (1 + GROWTH_MAX) + GROWTH_MIB_MAX
      const told = `${tenths(from)} -> ${tenths(to)} (at most ${tenths(max)})`
      const name = kind === 'heapMiB' ? 'heap MiB' : 'resident MiB'
      return { what: `${name} ${side}, second to last fifth`, told, isFlat: to <= max }
    }),
  )
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10
}
