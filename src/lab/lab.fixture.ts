import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { LoadOptions } from './loadGenerator.ts'
import { SMSC_DEFAULTS } from './smscOptions.ts'
import type { SmscOptions } from './smscOptions.ts'
import { SmscSimulator } from './smscSimulator.ts'

/** The path of a file in a new folder. The folder is removed at the end of the test. */
export function temporaryFile(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-lab-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, name)
}

export const smscOptions: Omit<SmscOptions, 'file'> = {
  ...SMSC_DEFAULTS,
  port: 0,
  systemId: 'platform',
  password: 'secret',
  receiptDelay: { minMs: 0, maxMs: 10 },
  resendAfterMs: 20,
}

export async function startedSmsc(
  options: Partial<SmscOptions> & Pick<SmscOptions, 'file'>,
): Promise<SmscSimulator> {
  const simulator = await SmscSimulator.start({ ...smscOptions, ...options })
  onTestFinished(() => simulator.close())
  return simulator
}

export function loadOn(
  port: number,
  options: Pick<LoadOptions, 'count' | 'durationMs'> & Partial<LoadOptions>,
): LoadOptions {
  const { systemId, password } = smscOptions
  const load = { host: '127.0.0.1', port, systemId, password, sessions: 2, windowSize: 50 }
  return { ...load, ...options }
}
