// Measures many idle binds on one gateway of a running platform: the memory and CPU time of its
// process, and the number of enquire_links that were not answered in time.
import { readFileSync } from 'node:fs'
import { setTimeout as after } from 'node:timers/promises'
import { startStack } from '../test/stack.ts'
import type { Stack } from '../test/stack.ts'
import { askChild } from './askChild.ts'
import type { Child } from './askChild.ts'
import type { BenchOptions } from './benchOptions.ts'
import { BENCH_PASSWORD, benchUser, changePlatform, withAccounts } from './changePlatform.ts'
import { figureOf } from './figure.ts'
import type { Figure } from './figure.ts'
import type { IdleAnswer, IdleQuestion } from './idlePeers.ts'
import { cpuBetween, platformUse } from './platformUse.ts'

const BENCH = 'idle-binds'
const BINDS_EACH = 500
const ENQUIRE_LINK_INTERVAL_MS = 30_000
/** Sockets and files other than the binds. */
const OTHER_DESCRIPTORS = 200

export async function idleBinds(options: BenchOptions): Promise<Figure[]> {
  const stack = await startStack({})
  const peers: Child<IdleQuestion, IdleAnswer> = askChild('idlePeers.ts')
  try {
    for (const pid of [stack.pidOf('gateway'), peers.pid]) checkDescriptors(pid, options.binds)
    return await measure(stack, peers, options)
  } finally {
    // The platform stops first, because otherwise each peer that ends would count as a lost bind.
    await stack.stop()
    await peers.stop()
  }
}

async function measure(
  stack: Stack,
  peers: Child<IdleQuestion, IdleAnswer>,
  { binds, seconds }: BenchOptions,
): Promise<Figure[]> {
  const accounts = Math.ceil(binds / BINDS_EACH)
  await changePlatform(stack.ready.admin, (platform) => withAccounts(platform, accounts))
  const { host, port } = stack.ready.smpp
  const before = platformUse(stack.pids())
  const connect = {
    host,
    port,
    systemIds: Array.from({ length: accounts }, (_, number) => benchUser(number)),
    bindsEach: Math.floor(binds / accounts),
    password: BENCH_PASSWORD,
    enquireLinkIntervalMs: ENQUIRE_LINK_INTERVAL_MS,
  }
  const startedMs = performance.now()
  const bound = await peers.ask({ connect })
  const bindingMs = performance.now() - startedMs
  const bounded = platformUse(stack.pids())
  await after(seconds * 1_000)
  const seen = await peers.ask({})
  const idled = platformUse(stack.pids())
  const figure = figureOf(BENCH)
  const resident = (use: typeof idled) => use.get('gateway')?.residentMiB ?? 0
  return [
    figure('binds', bound.open, 'binds'),
    figure('time to open all binds', bindingMs / 1_000, 's'),
    figure('resident gateway before', resident(before), 'MiB'),
    figure('resident gateway with all bound', resident(bounded), 'MiB'),
    figure('resident gateway at the end', resident(idled), 'MiB'),
    figure('enquire_link answered by the gateway', seen.answered, 'PDUs'),
    figure('enquire_link of the gateway', seen.askedByServer, 'PDUs'),
    figure('enquire_link missed', seen.missed, 'PDUs'),
    figure('binds lost', seen.closed, 'binds'),
    ...cpuBetween(bounded, idled).map(([name, used]) => figure(`cpu ${name}`, used, 's')),
  ]
}

/** Throws an error with advice if a process may not open enough sockets. */
function checkDescriptors(pid: number, binds: number): void {
  const limits = readFileSync(`/proc/${pid}/limits`, 'latin1')
  const soft = /^Max open files\s+(\S+)/m.exec(limits)?.[1]
  const needed = binds + OTHER_DESCRIPTORS
  if (soft === undefined || soft === 'unlimited' || Number(soft) >= needed) return
  throw new Error(
    `${binds} binds need ${needed} file descriptors per process, but only ${soft} are allowed. ` +
      `Raise the limit (ulimit -n ${needed}) or pass a lower number with --binds`,
  )
}
