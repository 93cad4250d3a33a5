import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { Kills, killable, runKillSchedule } from './killSchedule.ts'
import type { KillAction, Killable } from './killSchedule.ts'

const VICTIMS = ['gateway', 'router', 'workers']
const STOPS = [
  { minMs: 1, maxMs: 3 },
  { minMs: 5, maxMs: 6 },
]

/** A fake Killable whose kill() and stop() do nothing. */
function pretended(isUp: (name: string) => boolean = () => true): Killable {
  return { isUp, kill: () => undefined, stop: () => Promise.resolve() }
}

async function scheduled(seed: number, target = pretended()): Promise<Omit<KillAction, 'atMs'>[]> {
  const options = { seed, victims: VICTIMS, stops: STOPS, actions: 60, intervalMs: 0 }
  const actions = await runKillSchedule(target, { ...options, onAction: () => undefined })
  return actions.map(({ kind, victim, forMs }) => ({ kind, victim, forMs }))
}

test('the same seed gives the same actions on the same victims', async () => {
  expect(await scheduled(7)).toEqual(await scheduled(7))
  expect(await scheduled(7)).not.toEqual(await scheduled(8))
})

test('every process is killed and suspended, and suspensions last as requested', async () => {
  const actions = await scheduled(1)
  for (const victim of VICTIMS)
    for (const kind of ['kill', 'stop'])
      expect(actions).toContainEqual(expect.objectContaining({ kind, victim }))
  const stops = actions.filter(({ kind }) => kind === 'stop')
  for (const { forMs } of stops)
    expect(STOPS.some(({ minMs, maxMs }) => forMs >= minMs && forMs <= maxMs)).toBe(true)
  expect(actions.filter(({ kind }) => kind === 'kill').every(({ forMs }) => forMs === 0)).toBe(true)
})

test('a process that is down is not chosen, and another process is chosen instead', async () => {
  const actions = await scheduled(
    1,
    pretended((name) => name !== 'router'),
  )
  expect(actions).toHaveLength(60)
  expect(actions.some(({ victim }) => victim === 'router')).toBe(false)
  expect(
    await scheduled(
      1,
      pretended(() => false),
    ),
  ).toEqual([])
})

test('a suspended process is not chosen again until it continues', async () => {
  const going: (() => void)[] = []
  const target = {
    ...pretended(),
    stop: () => new Promise<void>((resolve) => void going.push(resolve)),
  }
  const kills = new Kills(target, { seed: 3, victims: ['one'], stops: STOPS, onAction: () => {} })
  while (going.length === 0) kills.act()
  const before = kills.done.length
  for (let i = 0; i < 20; i++) kills.act()
  expect(kills.done).toHaveLength(before)
  going[0]?.()
  await kills.whenAllGoOn()
  kills.act()
  expect(kills.done).toHaveLength(before + 1)
})

test('a real process can be suspended for a while and then killed', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
  onTestFinished(() => void child.kill('SIGKILL'))
  const target = killable(() => child.pid ?? 0)
  expect(target.isUp('it')).toBe(true)
  await target.stop('it', 1)
  expect(target.isUp('it')).toBe(true)
  const ended = once(child, 'exit')
  target.kill('it')
  expect(await ended).toEqual([null, 'SIGKILL'])
  expect(target.isUp('it')).toBe(false)
})
