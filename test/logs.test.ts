// Checks what the logs say while a carrier, a router and the database are unavailable: a few lines
// for each outage, all of them documented in docs/logs.md.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { root } from '../scripts/runStep.ts'
import { Customer } from './customer.ts'
import { logLines } from './logLines.ts'
import { CONNECTORS, expectNoStacks, linesAbout, linesOfOutage } from './outageLines.ts'
import { ScriptedPlatform } from './scriptedPlatform.ts'

const PATIENCE = { timeout: 30_000, interval: 100 }
const COMPONENTS = ['gateway', 'router', 'workers', 'dlr', 'admin', 'exporters'] as const

let platform: ScriptedPlatform
beforeAll(async () => {
  platform = await ScriptedPlatform.start()
})
afterAll(() => platform.stop())

function times(name: string, msg: string): number {
  return logLines(platform.stack, name).filter((line) => line.msg === msg).length
}

test('a customer that leaves and a refused bind are each logged with the reason', async () => {
  const customer = new Customer()
  await customer.bind(platform.place)
  await customer.unbind()
  const wrong = new Customer().bind({ ...platform.place, password: 'wrong' })
  await expect(wrong).rejects.toThrow()
  await expect.poll(() => times('gateway', 'customer left'), PATIENCE).toBe(1)
  const lines = logLines(platform.stack, 'gateway')
  expect(lines.find(({ msg }) => msg === 'customer left')).toMatchObject({
    user: 'bank',
    account: 'bank',
    command: 'bind_transceiver',
    remoteAddress: '127.0.0.1',
    reason: 'unbound by the peer',
  })
  expect(lines.findLast(({ msg }) => msg === 'bind refused')).toMatchObject({
    level: 'warn',
    systemId: 'bank',
    reason: 'wrong system_id or password',
  })
})

test('a router outage logs one line at its start and one at its end', async () => {
  const before = platform.stack.pidOf('router')
  platform.stack.kill('router')
  const attempts = Array.from({ length: 20 }, () => platform.customer.attempt('31600000001', 0))
  await platform.untilReplaced('router', before)
  await Promise.all(attempts)
  const isOver = () => times('gateway', 'the router answers again') === 1
  await vi.waitUntil(isOver, PATIENCE)
  expect(times('gateway', 'a router does not answer')).toBe(1)
  expectNoStacks(logLines(platform.stack, 'gateway'))
})

test('a database outage logs one line at its start and one at its end per process', async () => {
  const before = platform.stack.pidOf('postgres')
  platform.stack.kill('postgres')
  await platform.untilReplaced('postgres', before)
  for (const name of ['gateway', 'router', 'workers', 'dlr'] as const) {
    await expect.poll(() => times(name, 'the database is available again'), PATIENCE).toBe(1)
    expect(times(name, 'the database is unavailable')).toBe(1)
    const warnings = logLines(platform.stack, name).filter(({ level }) => level === 'warn')
    expect(warnings.length, JSON.stringify(warnings, null, 1)).toBeLessThanOrEqual(6)
    expectNoStacks(warnings)
  }
})

test('a carrier outage logs two lines per connector, and all lines are documented', async () => {
  await platform.untilBound()
  const lines = await linesOfOutage(platform, 5_000)
  let returns = 0
  for (const connector of CONNECTORS) {
    expect(linesAbout(lines, connector, 'upstream binds are down')).toHaveLength(1)
    // Both binds share a line, unless one of them returns more than 15 s after the other.
    const up = linesAbout(lines, connector, 'upstream binds are up')
    expect([1, 2]).toContain(up.length)
    returns += up.length
  }
  expect(lines).toHaveLength(CONNECTORS.length + returns)
  expectNoStacks(lines)
  const documented = readFileSync(join(root, 'docs/logs.md'), 'utf8')
  const said = COMPONENTS.flatMap((name) => logLines(platform.stack, name))
  const texts = new Set(said.map(({ msg }) => msg.replace(/ \((again|no longer)\)$/, '')))
  expect(texts.size).toBeGreaterThan(8)
  expect([...texts].filter((text) => !documented.includes(`\`${text}\``))).toEqual([])
})
