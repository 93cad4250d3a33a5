import { expect, vi } from 'vitest'
import { logLines, type LogLine } from './logLines.ts'
import type { ScriptedPlatform } from './scriptedPlatform.ts'
import { ScriptedSmsc } from './scriptedSmsc.ts'

const PATIENCE = { timeout: 60_000, interval: 100 }

export const CONNECTORS = ['north', 'south'] as const

/**
 * Stops the SMSC for `awayMs` and starts another one on the same port. Resolves to the lines that
 * the workers logged from the stop until the binds of all connectors are up again.
 */
export async function linesOfOutage(
  platform: ScriptedPlatform,
  awayMs: number,
): Promise<readonly LogLine[]> {
  const before = logLines(platform.stack, 'workers').length
  const said = () => logLines(platform.stack, 'workers').slice(before)
  await platform.smsc.close()
  const startMs = performance.now()
  const isOver = () => performance.now() - startMs >= awayMs
  await vi.waitUntil(isOver, { timeout: awayMs + 10_000, interval: 100 })
  const returned = new ScriptedSmsc()
  await returned.listen(platform.smscPort)
  try {
    const areUp = () =>
      CONNECTORS.every((id) => linesAbout(said(), id, 'upstream binds are up').length > 0)
    await vi.waitUntil(areUp, PATIENCE)
    return said()
  } finally {
    await returned.close()
  }
}

export function linesAbout(lines: readonly LogLine[], connector: string, msg: string): LogLine[] {
  return lines.filter((line) => line.connector === connector && line.msg === msg)
}

/**
 * An unavailable peer is logged with a reason. Stacks are only for defects. A reason must not
 * repeat itself.
 */
export function expectNoStacks(lines: readonly LogLine[]): void {
  expect(lines.filter(({ err }) => err !== undefined)).toEqual([])
  for (const { reason = '' } of lines) expect(reason).not.toMatch(/^(.{8,}): \1$/)
}
