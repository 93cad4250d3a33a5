import type { PlatformFile } from './platformFile.ts'

/** Explains why the revision of a file is not the platform's current revision. */
export function staleness({ name, revision: own = 0 }: PlatformFile, current: number): string {
  return own < current
    ? `${name} was made from revision ${own}, but the platform has changed since then: it is now ` +
        `at revision ${current}`
    : `${name} was made from revision ${own}, and this platform is only at revision ${current}: ` +
        'the file comes from another platform, or this platform was restored from a backup'
}

export function isStale({ revision }: PlatformFile, current: number): boolean {
  return revision !== undefined && revision !== current
}

/** Advice for a file whose revision is out of date. */
export function refreshAdvice({ name, revision }: PlatformFile, current: number): string {
  if (revision === undefined || revision === current) return ''
  return (
    `${name} still says revision ${revision}. Before you change the file again, set ` +
    `"revision: ${current}" in it or export the platform again.\n`
  )
}
