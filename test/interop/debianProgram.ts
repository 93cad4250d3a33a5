import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/**
 * Whether tests of a program that is not installed are skipped. `npm run test:full` sets the
 * variable if the program is missing and cannot be installed. CI skips no tests.
 */
export function isMissing(variable: string): boolean {
  return process.env[variable] === '1' && process.env['CI'] !== 'true'
}

/**
 * Returns the path of a program. If it is not installed, throws an error that names its package.
 */
export function debianProgram(name: string, debianPackage: string): string {
  // Daemons are in sbin, which is not in the PATH of ordinary users.
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin']
  const path = folders.map((folder) => join(folder, name)).find(isExecutable)
  if (path === undefined) throw new Error(howToInstall(name, debianPackage))
  return path
}

export function howToInstall(name: string, debianPackage: string): string {
  return `${name} is not installed: apt-get install --no-install-recommends ${debianPackage}`
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
