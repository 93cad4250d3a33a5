import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { loadConfig } from '../../runtime/config.ts'
import { CliError } from './cliError.ts'

const port = z.int().min(1).max(65_535)

/**
 * The content of the file that `signalbox up` writes. Some fields are absent if `up` runs without
 * the demo.
 */
const installationSchema = z.object({
  smpp: z
    .object({
      host: z.string(),
      port,
      systemId: z.string().optional(),
      password: z.string().optional(),
    })
    .optional(),
  api: z.object({ url: z.string(), key: z.string().optional() }).optional(),
  admin: z.object({ url: z.string(), token: z.string() }).optional(),
})

export type Installation = z.infer<typeof installationSchema>

/**
 * Reads installation.json in SIGNALBOX_HOME. Resolves with undefined if that file does not exist.
 */
export async function readInstallation(): Promise<Installation | undefined> {
  const file = join(loadConfig().home, 'installation.json')
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    const what = error.code === 'EACCES' ? 'belongs to another user' : `cannot be read`
    throw new CliError(
      `${file} ${what} (${error.message}): run this as the user who runs Signalbox, ` +
        'or pass the address with options (see --help)',
      { code: 'INSTALLATION', cause: error },
    )
  })
  if (text === undefined) return undefined
  try {
    return installationSchema.parse(JSON.parse(text))
  } catch (cause) {
    throw new CliError(`${file} is damaged: restart Signalbox to write it again`, {
      code: 'INSTALLATION',
      cause,
    })
  }
}

/**
 * Creates the error for a missing installation.json. `options` names the command-line options that
 * can be used instead of the file.
 */
export function unknownInstallation(options: string): CliError {
  const { home } = loadConfig()
  return new CliError(
    `no Signalbox is running in ${home}: start one with \`npm start\` ` +
      `(SIGNALBOX_HOME names its folder), or pass ${options}`,
    { code: 'INSTALLATION' },
  )
}
