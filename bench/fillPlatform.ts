import type { Database } from '../src/database/database.ts'
import { accountKind } from '../src/platform/account.ts'
import { connectorKind } from '../src/platform/connector.ts'
import type { ResourceChange } from '../src/platform/resourceRow.ts'
import { writeResources } from '../src/platform/resourceTable.ts'
import { userKind } from '../src/platform/user.ts'
import { SMSC_ACCOUNT } from './smscProcess.ts'

const USERS_OF_AN_ACCOUNT = 10
const BATCH = 20_000
/** A well-formed hash with which nobody signs in. */
const PASSWORD_HASH = '$argon2id$v=19$m=19456,t=2,p=1$c2lnbmFsYm94$c2lnbmFsYm94c2lnbmFsYm94c2ln'

/** Adds users, ten per account, in large batches to limit the number of revisions. */
export async function fillUsers(database: Database, count: number): Promise<void> {
  const accounts = numbers(Math.ceil(count / USERS_OF_AN_ACCOUNT)).map((number) =>
    resource(accountKind.kind, { id: crowdAccount(number) }),
  )
  const users = numbers(count).map((number) =>
    resource(userKind.kind, {
      id: crowdUser(number),
      account: crowdAccount(Math.floor(number / USERS_OF_AN_ACCOUNT)),
      passwordHash: PASSWORD_HASH,
    }),
  )
  await write(database, [...accounts, ...users])
}

/** Adds connectors with one bind each, all to the same SMSC. */
export async function fillConnectors(
  database: Database,
  count: number,
  port: number,
): Promise<void> {
  const { systemId, password } = SMSC_ACCOUNT
  const connectors = numbers(count).map((number) =>
    resource(connectorKind.kind, {
      id: `carrier-${number}`,
      host: '127.0.0.1',
      port,
      systemId,
      password,
    }),
  )
  await write(database, connectors)
}

export function crowdUser(number: number): string {
  return `crowd-${number}`
}

export function crowdAccount(number: number): string {
  return `crowd-account-${number}`
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, number) => number)
}

function resource(
  kind: string,
  spec: { readonly id: string; readonly [field: string]: unknown },
): ResourceChange {
  return { kind, id: spec.id, spec }
}

async function write(database: Database, changes: readonly ResourceChange[]): Promise<void> {
  for (let at = 0; at < changes.length; at += BATCH)
    await writeResources(database, changes.slice(at, at + BATCH))
}
