import { readFileSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import type { Connector } from '../../platform/connector.ts'

/**
 * Returns the password for an SMSC. The password is read before each bind, so that a rotated
 * password applies to the next bind. Throws if the environment variable is not set or the file
 * cannot be read.
 */
export function connectorPassword({ id, password }: Connector, secretsDir: string): string {
  if (typeof password === 'string') return password
  if ('env' in password) {
    const value = process.env[password.env]
    if (value === undefined)
      throw new Error(
        `connector ${id}: the environment variable ${password.env} for its password is not set`,
      )
    return value
  }
  const file = isAbsolute(password.file) ? password.file : join(secretsDir, password.file)
  return readFileSync(file, 'utf8').trimEnd()
}
