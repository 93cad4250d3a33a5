import type { ChildProcess } from 'node:child_process'

export type ChildEnd =
  | { readonly kind: 'ended'; readonly how: string }
  | { readonly kind: 'notStarted'; readonly error: Error }

/**
 * Resolves when a child has ended or could not be started. Of the latter Node says `error` and
 * never `exit`, so whoever waits for the exit alone waits for ever.
 */
export function endOf(child: ChildProcess): Promise<ChildEnd> {
  return new Promise((resolve) => {
    child.once('exit', (exitCode, signal) =>
      resolve({ kind: 'ended', how: signal ?? `exit code ${exitCode}` }),
    )
    child.on('error', (error) => {
      // A running child says `error` too, for one when it cannot be killed; it goes on.
      if (child.pid === undefined) resolve({ kind: 'notStarted', error })
    })
  })
}

export function isRunning({ pid, exitCode, signalCode }: ChildProcess): boolean {
  return pid !== undefined && exitCode === null && signalCode === null
}
