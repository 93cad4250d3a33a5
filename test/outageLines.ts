import { expect, vi } from 'vitest'
import { logLines, type LogLine } from './logLines.ts'
import type { ScriptedPlatform } from './scriptedPlatform.ts'
import { ScriptedSmsc } from './scriptedSmsc.ts'

const PATIENCE = { timeout: 60_000, interval: 100 }

export const CONNECTORS = ['north', 'south'] as const

/** Takes the carrier away for so long. Resolves with what the workers said, from its end on. */
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

/** Peers that are away are told by their reasons. A stack is for defects. */
export function expectNoStacks(lines: readonly LogLine[]): void {
  expect(lines.filter(({ err }) => err !== undefined)).toEqual([])
  for (const { reason = '' } of lines) expect(reason).not.toMatch(/^(.{8,}): \1$/)
}
