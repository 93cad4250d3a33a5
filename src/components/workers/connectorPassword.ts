import { readFileSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import type { Connector } from '../../platform/connector.ts'

/**
 * The password for an SMSC, read each time it is needed, so that a rotated one counts at the next
 * bind. Throws when what the connector names cannot be read.
 */
export function connectorPassword({ id, password }: Connector, secretsDir: string): string {
  if (typeof password === 'string') return password
  if ('env' in password) {
    const value = process.env[password.env]
    if (value === undefined)
      throw new Error(
        `connector ${id}: its password should be in ${password.env}, which is not set`,
      )
    return value
  }
  const file = isAbsolute(password.file) ? password.file : join(secretsDir, password.file)
  return readFileSync(file, 'utf8').trimEnd()
}
