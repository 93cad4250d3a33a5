// Mutants of the access checks: revocation of binds, limits of the HTTP API, and the revision check
// that keeps `apply` from undoing a change.

import { type Mutant, unitTest } from './mutant.ts'

const door = (test: string) => unitTest('components/gateway/httpDoor.test.ts', test)
const revocation = (test: string) => unitTest('components/gateway/bindRevocation.test.ts', test)

export const accessMutants: readonly Mutant[] = [
  {
    name: 'open binds of a deleted user are not closed',
    invariant: '13',
    file: 'src/components/gateway/bindRevocation.ts',
    piece: `if (standing.kind === 'good') bind.user = standing.user
      else this.#revoke(bind, standing.reason)`,
    replacement: `if (standing.kind === 'good') bind.user = standing.user
      else if (bind.session.state === 'CLOSED') this.#revoke(bind, standing.reason)`,
    guard: revocation('user_deleted: open binds end, and new binds are refused'),
    says: /AssertionError: expected 2 to be \+?0/,
  },
  {
    name: 'open binds outlive a change of their password',
    invariant: '13',
    file: 'src/components/gateway/standingOf.ts',
    piece: `if (now.passwordHash !== user.passwordHash) return revoked('password_changed')`,
    replacement: '',
    guard: revocation('password_changed: open binds end, and new binds are refused'),
    says: /AssertionError: expected 2 to be \+?0/,
  },
  {
    name: 'a revocation during a bind is missed',
    invariant: '13',
    file: 'src/components/gateway/credentials.ts',
    piece: `return standing.kind === 'good' ? standing.user : undefined`,
    replacement: 'return [standing.kind].length > 0 ? user : undefined',
    guard: revocation('a bind is refused if it is revoked while its password is checked'),
    says: /AssertionError: expected \[\] to include 'ESME_RBINDFAIL'/,
  },
  {
    name: 'the gateway polls the platform every 5 s',
    invariant: '13',
    file: 'src/platform/platformFollower.ts',
    piece: 'const POLL_INTERVAL_MS = 400',
    replacement: 'const POLL_INTERVAL_MS = 5_000',
    guard: {
      project: 'whole',
      file: 'test/revocation.test.ts',
      test: 'a deleted user, changed password or disabled account is refused in a second',
    },
    says: /AssertionError: expected '.+' to be 'refused'/,
  },
  {
    name: 'a body is read before the API key is checked',
    invariant: '10',
    file: 'src/components/gateway/httpApi.ts',
    piece: 'if (isFound && authenticate(options.credentials, request)) return',
    replacement: 'if (isFound) return',
    guard: door(
      'a request with no key gets 401 before its body arrives, and the connection stays usable',
    ),
    says: /Error: Test timed out in \d+ms/,
  },
  {
    name: 'a half-sent HTTP request delays the drain',
    invariant: '10',
    file: 'src/components/gateway/httpDoor.ts',
    piece: 'if (!this.#inHand.has(socket)) socket.destroy()',
    replacement: 'if (this.#inHand.size < 0) socket.destroy()',
    guard: door('a drain answers complete requests and closes idle and half-sent connections'),
    says: /Error: Test timed out in \d+ms/,
  },
  {
    name: 'any number of HTTP clients may connect',
    invariant: '10',
    file: 'src/components/gateway/httpDoor.ts',
    piece: 'server.maxConnections = maxConnections',
    replacement: 'server.maxConnections = 1_000 * maxConnections',
    guard: door('connections over the limit are closed and counted until an open one ends'),
    says: /Error: Test timed out in \d+ms/,
  },
  {
    name: 'the revision of an apply is not compared',
    invariant: '14',
    file: 'src/components/admin/changePlatform.ts',
    piece: 'if (ifRevision !== undefined && ifRevision !== revision) throw',
    replacement: 'if (ifRevision !== undefined && ifRevision > revision) throw',
    guard: unitTest(
      'components/admin/adminServer.test.ts',
      'a change is refused if If-Match does not name the current revision',
    ),
    says: /AssertionError: expected 201 to be 412/,
  },
  {
    name: 'a write ignores a concurrent write',
    invariant: '14',
    file: 'src/platform/resourceTable.ts',
    piece: 'revision !== expectedRevision + 1',
    replacement: 'revision < expectedRevision + 1',
    guard: unitTest(
      'platform/resourceTable.test.ts',
      'a write with an outdated revision throws RevisionConflict and changes nothing',
    ),
    says: /AssertionError: promise resolved .+ instead of rejecting/,
  },
  {
    name: 'apply does not check the revision in its file',
    invariant: '14',
    file: 'src/cli/commands/apply.ts',
    piece: 'if (force || !isStale(platform, revision)) return',
    replacement: 'if (force || revision >= 0) return',
    guard: {
      project: 'whole',
      file: 'test/apply.test.ts',
      test: 'apply refuses a file exported before another change, unless it is forced',
    },
    says: /AssertionError: expected .+ to match object \{ exitCode: 3, stdout: '' \}/,
  },
]
