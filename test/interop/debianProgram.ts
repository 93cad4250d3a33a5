import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/**
 * Whether a test has to skip: `npm run test:full` sets the variable where it may not install what
 * is missing. A CI machine skips nothing.
 */
export function isMissing(variable: string): boolean {
  return process.env[variable] === '1' && process.env['CI'] !== 'true'
}

/** The path of a program. Throws with the name of the package that brings it. */
export function debianProgram(name: string, debianPackage: string): string {
  // Daemons lie in sbin, which the PATH of ordinary users lacks.
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
