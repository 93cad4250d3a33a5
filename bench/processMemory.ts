export interface ProcessMemory {
  readonly residentMiB: number
  /** Measured after a garbage collection if the process was started with --expose-gc. */
  readonly heapMiB: number
}

export function processMemory(): ProcessMemory {
  globalThis.gc?.()
  const { rss, heapUsed } = process.memoryUsage()
  return { residentMiB: rss / 2 ** 20, heapMiB: heapUsed / 2 ** 20 }
}
