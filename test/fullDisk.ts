import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const BALLAST = 'ballast'
const CHUNK = Buffer.alloc(64 * 1024)

/** A small disk that a test can fill completely and free again. Creating it requires root. */
export class FullDisk {
  readonly folder: string

  constructor(megaOctets: number) {
    this.folder = mkdtempSync(join(tmpdir(), 'signalbox-disk-'))
    run('mount', '-t', 'tmpfs', '-o', `size=${megaOctets}m`, 'none', this.folder)
  }

  fill(): void {
    const fd = openSync(join(this.folder, BALLAST), 'a')
    try {
      while (writeSync(fd, CHUNK) > 0);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
    } finally {
      closeSync(fd)
    }
  }

  free(): void {
    rmSync(join(this.folder, BALLAST), { force: true })
  }

  get freeOctets(): number {
    const { bavail, bsize } = statfsSync(this.folder)
    return bavail * bsize
  }

  remove(): void {
    run('umount', this.folder)
    rmSync(this.folder, { recursive: true })
  }
}

function run(command: string, ...args: string[]): void {
  const { error, status, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  if (status === 0) return
  throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr}`, { cause: error })
}
