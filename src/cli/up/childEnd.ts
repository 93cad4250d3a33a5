import type { ChildProcess } from 'node:child_process'

export type ChildEnd =
  | { readonly kind: 'ended'; readonly how: string }
  | { readonly kind: 'notStarted'; readonly error: Error }

/**
 * Resolves when a child process has ended or could not be started. If it could not be started,
 * Node emits `error` and never `exit`, so waiting for `exit` alone would never end.
 */
export function endOf(child: ChildProcess): Promise<ChildEnd> {
  return new Promise((resolve) => {
    child.once('exit', (exitCode, signal) =>
      resolve({ kind: 'ended', how: signal ?? `exit code ${exitCode}` }),
    )
    child.on('error', (error) => {
      // A running child may also emit `error`, for example because it cannot be killed. Such a
      // child keeps running.
      if (child.pid === undefined) resolve({ kind: 'notStarted', error })
    })
  })
}

export function isRunning({ pid, exitCode, signalCode }: ChildProcess): boolean {
  return pid !== undefined && exitCode === null && signalCode === null
}
