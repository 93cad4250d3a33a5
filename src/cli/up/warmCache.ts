import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const CLI_MAIN = fileURLToPath(new URL('../main.ts', import.meta.url))

/**
 * At the very first start, while the database is being made: has most of the code compiled once,
 * instead of by six processes at the same time. A gateway without a DATABASE_URL loads everything,
 * sees that it cannot start and ends, which is when Node writes its compile cache. Measured on two
 * busy cores: ready after 4.0 s instead of 4.7 s, and the first stop takes 1.7 s instead of 5.2 s.
 * Nothing depends on its success.
 */
export async function warmCache(folder: string): Promise<void> {
  try {
    if (readdirSync(folder).length > 0) return
    const env = { PATH: process.env['PATH'], NODE_COMPILE_CACHE: folder }
    const child = spawn(process.execPath, [CLI_MAIN, 'gateway'], { env, stdio: 'ignore' })
    await once(child, 'exit')
  } catch {
    // A folder of the caller's own that is not there yet: then there is nothing to gain.
  }
}
