// Runs the load generator in a separate process, so that it does not disturb the code it measures.
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { runLoad } from '../src/lab/loadGenerator.ts'
import type { LoadOptions, LoadProgress } from '../src/lab/loadGenerator.ts'
import type { LoadReport } from '../src/lab/loadReport.ts'

/** Without functions and signals, which cannot be sent to another process. */
export type PlainLoadOptions = Omit<LoadOptions, 'signal' | 'onProgress'>

type Said =
  | { readonly kind: 'report'; readonly report: LoadReport; readonly cpuSeconds: number }
  | { readonly kind: 'progress'; readonly progress: LoadProgress }
  | { readonly kind: 'failed'; readonly message: string }

export interface LoadResult {
  readonly report: LoadReport
  /** CPU time of the load generator's process. */
  readonly cpuSeconds: number
}

export function loadInProcess(
  options: PlainLoadOptions,
  onProgress: (progress: LoadProgress) => void,
): Promise<LoadResult> {
  const child = fork(fileURLToPath(import.meta.url), { serialization: 'advanced' })
  return new Promise((resolve, reject) => {
    child.on('message', (message) => {
      // The other end of the channel is this same file.
      const said = message as Said
      if (said.kind === 'progress') return onProgress(said.progress)
      if (said.kind === 'report') resolve(said)
      else reject(new Error(`the load generator failed: ${said.message}`))
      child.disconnect()
    })
    child.on('error', reject)
    child.on('exit', (code, signal) =>
      reject(new Error(`the load generator ended early (${signal ?? code})`)),
    )
    child.send(options)
  })
}

function answerParent(say: (said: Said) => void): void {
  process.once('message', (options) => {
    const onProgress = (progress: LoadProgress) => say({ kind: 'progress', progress })
    // The other end of the channel is this same file.
    runLoad({ ...(options as PlainLoadOptions), onProgress })
      .then((report) => {
        const { user, system } = process.cpuUsage()
        say({ kind: 'report', report, cpuSeconds: (user + system) / 1e6 })
      })
      .catch((error: unknown) => say({ kind: 'failed', message: String(error) }))
  })
}

if (process.send && process.argv[1] === fileURLToPath(import.meta.url)) {
  answerParent((said) => process.send?.(said))
}
