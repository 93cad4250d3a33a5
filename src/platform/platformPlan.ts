// From the platform as it is stored to the platform as it is given: what would change, and the
// writes that change it. A given document is complete: what it does not name is deleted. Secrets
// come out sealed: passwords as argon2id, API keys as SHA-256. A given password that fits the
// stored hash keeps that hash, so applying the same file twice changes nothing. HIDDEN keeps what
// is stored and is an error where nothing is.

import { HIDDEN, platformProblems, ROUTE_TABLE_ID } from './resources.ts'
import type { Connector, PlatformDocument, ResourceKind, User } from './resources.ts'
import type { ResourceChange } from './resourceRow.ts'
import { fieldChanges } from './fieldChanges.ts'
import type { FieldChange } from './fieldChanges.ts'
import { place } from './problemItem.ts'
import type { ProblemItem } from './problemItem.ts'
import { hashApiKey, hashPassword, verifyPassword } from './userSecrets.ts'

export interface PlatformChange {
  readonly action: 'create' | 'update' | 'delete'
  readonly kind: ResourceKind
  readonly id: string
  readonly fields: readonly FieldChange[]
}

export type PlatformPlan =
  | {
      readonly kind: 'plan'
      readonly changes: readonly PlatformChange[]
      readonly writes: readonly ResourceChange[]
      /** The platform after the writes, secrets sealed. */
      readonly platform: PlatformDocument
    }
  | { readonly kind: 'problems'; readonly problems: readonly ProblemItem[] }

type Sealed<Spec> = { kind: 'sealed'; spec: Spec } | { kind: 'problem'; problem: ProblemItem }

export async function planPlatform(
  given: PlatformDocument,
  stored: PlatformDocument,
): Promise<PlatformPlan> {
  const references = platformProblems(given).map((text) => referenceProblem(text, given))
  if (references.length > 0) return { kind: 'problems', problems: references }
  const storedUsers = byId(stored.users)
  const storedConnectors = byId(stored.connectors)
  const users = await Promise.all(
    given.users.map((user, index) => sealUser(user, storedUsers.get(user.id), index)),
  )
  const connectors = given.connectors.map((connector, index) =>
    sealConnector(connector, storedConnectors.get(connector.id), index),
  )
  const problems = [...problemsOf(users), ...problemsOf(connectors), ...sharedApiKeys(users)]
  if (problems.length > 0) return { kind: 'problems', problems }
  const platform = { ...given, users: specsOf(users), connectors: specsOf(connectors) }
  const planned = plannedChanges(platform, stored)
  return { kind: 'plan', platform, ...planned }
}

function plannedChanges(after: PlatformDocument, before: PlatformDocument) {
  const changes = [
    ...listChanges('account', before.accounts, after.accounts),
    ...listChanges('user', before.users, after.users),
    ...listChanges('connector', before.connectors, after.connectors),
    ...routeTableChanges(before, after),
  ]
  const specs = {
    account: byId(after.accounts),
    user: byId(after.users),
    connector: byId(after.connectors),
    route_table: new Map([[ROUTE_TABLE_ID, after.routeTable]]),
  }
  const writes = changes.map(({ kind, id }) => ({ kind, id, spec: specs[kind].get(id) }))
  return { changes, writes }
}

function listChanges(
  kind: ResourceKind,
  before: readonly { id: string }[],
  after: readonly { id: string }[],
): PlatformChange[] {
  const [was, is] = [byId(before), byId(after)]
  const kept = after.flatMap((spec): PlatformChange[] => {
    const { id } = spec
    const fields = fieldChanges(was.get(id), spec)
    if (!was.has(id)) return [{ action: 'create', kind, id, fields }]
    return fields.length === 0 ? [] : [{ action: 'update', kind, id, fields }]
  })
  const gone = before.filter(({ id }) => !is.has(id))
  return [...kept, ...gone.map(({ id }) => ({ action: 'delete', kind, id, fields: [] }) as const)]
}

/** The route table always exists; an empty one is as good as none. */
function routeTableChanges(before: PlatformDocument, after: PlatformDocument): PlatformChange[] {
  const fields = fieldChanges(before.routeTable, after.routeTable)
  if (fields.length === 0) return []
  return [{ action: 'update', kind: 'route_table', id: ROUTE_TABLE_ID, fields }]
}

async function sealUser(
  { password, apiKey, ...rest }: User,
  stored: User | undefined,
  index: number,
): Promise<Sealed<User>> {
  if (password === HIDDEN && stored?.passwordHash === undefined)
    return { kind: 'problem', problem: nothingStored(['users', index, 'password']) }
  const passwordHash =
    password === undefined ? rest.passwordHash : await sealedPassword(password, stored)
  const apiKeyHash = apiKey === undefined ? rest.apiKeyHash : hashApiKey(apiKey)
  const spec = {
    ...rest,
    ...(passwordHash !== undefined && { passwordHash }),
    ...(apiKeyHash !== undefined && { apiKeyHash }),
  }
  return { kind: 'sealed', spec }
}

async function sealedPassword(password: string, stored: User | undefined): Promise<string> {
  const kept = stored?.passwordHash
  if (kept !== undefined && (password === HIDDEN || (await verifyPassword(kept, password))))
    return kept
  return hashPassword(password)
}

function sealConnector(
  given: Connector,
  stored: Connector | undefined,
  index: number,
): Sealed<Connector> {
  if (given.password !== HIDDEN) return { kind: 'sealed', spec: given }
  if (stored) return { kind: 'sealed', spec: { ...given, password: stored.password } }
  return { kind: 'problem', problem: nothingStored(['connectors', index, 'password']) }
}

function nothingStored(keys: readonly PropertyKey[]): ProblemItem {
  const detail = `is ${HIDDEN}, but there is none stored to keep: give the password itself`
  return { ...place(keys), detail }
}

/** A key says who calls, so two users cannot have the same one. */
function sharedApiKeys(users: readonly Sealed<User>[]): ProblemItem[] {
  const owners = new Map<string, string>()
  return users.flatMap((user, index) => {
    if (user.kind !== 'sealed' || user.spec.apiKeyHash === undefined) return []
    const { id, apiKeyHash } = user.spec
    const owner = owners.get(apiKeyHash)
    owners.set(apiKeyHash, owner ?? id)
    if (owner === undefined) return []
    const detail = `is also the key of user "${owner}": each user needs a key of its own`
    return [{ ...place(['users', index, 'apiKey']), detail }]
  })
}

/** `users.alice.account: …` of the contract, with a pointer to where that is in the document. */
function referenceProblem(text: string, given: PlatformDocument): ProblemItem {
  const colon = text.indexOf(': ')
  const [path, detail] = [text.slice(0, colon), text.slice(colon + 2)]
  return { pointer: pointerOf(path, given), path, detail }
}

function pointerOf(path: string, given: PlatformDocument): string {
  for (const list of ['accounts', 'users', 'connectors'] as const) {
    // The last one: of two with the same name, the second is the one too many.
    const index = given[list].findLastIndex(({ id }) => isOrBelow(path, `${list}.${id}`))
    const resource = given[list][index]
    if (!resource) continue
    const below = path.slice(`${list}.${resource.id}`.length).split('.').filter(Boolean)
    return place([list, index, ...below]).pointer
  }
  const keys = path.split(/[.[\]]+/).filter(Boolean)
  return place(keys).pointer
}

function isOrBelow(path: string, parent: string): boolean {
  return path === parent || path.startsWith(`${parent}.`)
}

function specsOf<Spec>(sealed: readonly Sealed<Spec>[]): Spec[] {
  return sealed.flatMap((one) => (one.kind === 'sealed' ? [one.spec] : []))
}

function problemsOf(sealed: readonly Sealed<unknown>[]): ProblemItem[] {
  return sealed.flatMap((one) => (one.kind === 'problem' ? [one.problem] : []))
}

function byId<Spec extends { id: string }>(specs: readonly Spec[]): Map<string, Spec> {
  return new Map(specs.map((spec) => [spec.id, spec]))
}
