import type { Command } from 'commander'
import { z } from 'zod'
import { loadConfig } from '../../runtime/config.ts'
import { CliError } from './cliError.ts'
import { httpCall, ProblemResponse } from './httpCall.ts'
import type { HttpAnswer } from './httpCall.ts'
import { readInstallation, unknownInstallation } from './installation.ts'

export interface AdminOptions {
  readonly url?: string
  readonly token?: string
}

const changeSchema = z.object({
  action: z.enum(['create', 'update', 'delete']),
  kind: z.string(),
  id: z.string(),
  fields: z.array(
    z.object({ path: z.string(), from: z.unknown().optional(), to: z.unknown().optional() }),
  ),
})

export const changesSchema = z.object({
  revision: z.number(),
  changes: z.array(changeSchema),
})

export type PlatformChange = z.infer<typeof changeSchema>

export const traceSchema = z.object({
  messageId: z.string(),
  account: z.string(),
  user: z.string(),
  source: z.string(),
  destination: z.string(),
  connector: z.string(),
  state: z.string(),
  waits: z.string().optional(),
  // An admin component of the previous version does not send this field.
  unfinishedAttemptsOmitted: z.number().default(0),
  steps: z.array(z.object({ at: z.string(), step: z.string(), detail: z.string() })),
})

export type Trace = z.infer<typeof traceSchema>

/** Adds the options that all commands of the admin API share. */
export function withAdminOptions(command: Command): Command {
  return command
    .option('--url <url>', 'admin API (default: the installation in SIGNALBOX_HOME)')
    .option('--token <token>', 'bearer token (default: SIGNALBOX_ADMIN_TOKEN, or the installation)')
}

/** A client of the admin API. Paths are relative to `/admin/v1`. */
export interface AdminClient {
  get(path: string): Promise<HttpAnswer>
  /** Throws ProblemResponse 412 if `ifRevision` is not the platform's current revision. */
  post(path: string, body: unknown, ifRevision?: number): Promise<HttpAnswer>
  delete(path: string): Promise<HttpAnswer>
}

export async function findAdmin(options: AdminOptions): Promise<AdminClient> {
  const known = options.url && options.token ? undefined : (await readInstallation())?.admin
  const url = options.url ?? known?.url
  const token = options.token ?? (loadConfig().adminToken || known?.token)
  if (url === undefined || !token) throw unknownInstallation('--url and --token')
  const base = apiBase(url)
  return {
    get: (path) => explained(httpCall({ url: `${base}${path}`, token })),
    post: (path, body, ifRevision) =>
      explained(httpCall({ url: `${base}${path}`, token, method: 'POST', body, ifRevision })),
    delete: (path) => explained(httpCall({ url: `${base}${path}`, token, method: 'DELETE' })),
  }
}

/**
 * Returns the platform revision in the ETag header. Returns undefined if that header is missing or
 * malformed.
 */
export function revisionOf({ etag }: HttpAnswer): number | undefined {
  const digits = /^(?:W\/)?"(\d{1,15})"$/.exec(etag ?? '')?.[1]
  return digits === undefined ? undefined : Number(digits)
}

function apiBase(url: string): string {
  if (!URL.canParse(url))
    throw new CliError(`--url ${url} is not a URL: expected, for example, http://127.0.0.1:8090`, {
      code: 'USAGE',
    })
  return `${url.replace(/\/+$/, '')}/admin/v1`
}

async function explained(call: Promise<HttpAnswer>): Promise<HttpAnswer> {
  return call.catch((error: unknown) => {
    if (!(error instanceof ProblemResponse) || error.status !== 401) throw error
    throw new CliError(
      'the admin API rejected the token: set the correct token with --token or ' +
        'SIGNALBOX_ADMIN_TOKEN (installation.json holds the token of this installation)',
      { code: 'NOT_SIGNED_IN', cause: error },
    )
  })
}
