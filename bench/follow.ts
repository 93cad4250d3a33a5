// Measures how long a change to one of 100,000 users blocks the event loop of a process that
// follows the platform as the gateway does, including its snapshot. The same measurement without a
// change shows the noise of the machine.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as after } from 'node:timers/promises'
import { Credentials } from '../src/components/gateway/credentials.ts'
import { PlatformFollower } from '../src/platform/platformFollower.ts'
import type { ResourceRow } from '../src/platform/resourceRow.ts'
import { hashApiKey } from '../src/platform/userSecrets.ts'
import { KeptFile } from '../src/runtime/keptFile.ts'
import type { BenchOptions } from './benchOptions.ts'
import { figureOf, median } from './figure.ts'
import type { Figure } from './figure.ts'

const USERS = 100_000
/** Longer than the pause between two snapshots plus the time to write a snapshot. */
const TURN_MS = 8_000
const figure = figureOf('follow')

export async function follow({ seconds }: BenchOptions): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-follow-'))
  const source = rowsInMemory()
  const follower = new PlatformFollower({
    ignoredKinds: new Set(['connector', 'route_table']),
    resources: source,
    snapshot: new KeptFile(join(folder, 'snapshot.json')),
    onTrouble: (what, error) => process.stderr.write(`${what}: ${error.message}\n`),
  })
  try {
    await follower.start()
    const credentials = new Credentials(() => follower.platform)
    follower.follow((platform, changed) => credentials.follow(platform, changed?.get('user')))
    await after(TURN_MS)
    const idle = await longestHolds(seconds / 2, () => undefined)
    const changing = await longestHolds(seconds / 2, source.change)
    return [
      figure('longest block of the event loop per change, median', median(changing), 'ms'),
      figure('longest block without a change, median', median(idle), 'ms'),
    ]
  } finally {
    follower.stop()
    await follower.whenKept()
    await rm(folder, { recursive: true })
  }
}

/** The longest block of the event loop in each turn, in ms. */
async function longestHolds(seconds: number, change: () => void): Promise<number[]> {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const longest: number[] = []
  for (let turn = 0; turn < Math.max(1, (seconds * 1_000) / TURN_MS); turn++) {
    delay.reset()
    change()
    await after(TURN_MS)
    longest.push(delay.max / 1e6)
  }
  delay.disable()
  return longest
}

function rowsInMemory() {
  const all = Array.from({ length: USERS }, (_, number) => userRow(number, 1))
  let revision = 1
  let changed: ResourceRow[] = all
  return {
    change: (): void => {
      revision++
      changed = [userRow(revision, revision)]
    },
    async read(since: number) {
      return { revision, rows: revision === since ? [] : changed }
    },
  }
}

function userRow(number: number, revision: number): ResourceRow {
  const id = `user-${number}`
  const spec = {
    id,
    account: 'crowd',
    apiKeyHash: hashApiKey(`the-key-of-${id}`),
    window: revision,
  }
  return { kind: 'user', id, spec, revision, deleted: false }
}
