// Mutants of sign-in: verified passwords that are remembered, and password checks that take turns.

import { type Mutant, unitTest } from './mutant.ts'

const CREDENTIALS = 'src/components/gateway/credentials.ts'
const VERIFIED = 'src/components/gateway/verifiedPasswords.ts'
const CREDENTIALS_TEST = 'components/gateway/credentials.test.ts'

export const signInMutants: readonly Mutant[] = [
  {
    name: 'all addresses share one queue of password checks',
    invariant: '11',
    file: CREDENTIALS,
    piece: '.take(attempt.from, verify, isWanted)',
    replacement: `.take('', verify, isWanted)`,
    guard: unitTest(
      CREDENTIALS_TEST,
      'a bind from another address is delayed by at most one password check',
    ),
    says: /AssertionError: expected \[ 'wrong 0', 'wrong 1', 'wrong 2' \] to deeply equal .+/,
  },
  {
    name: 'each of ten binds with one password costs a check',
    invariant: '10',
    file: CREDENTIALS,
    piece: 'const under = this.#checks.get(key)',
    replacement: 'const under = undefined as Check | undefined',
    guard: unitTest(
      CREDENTIALS_TEST,
      'ten concurrent binds of each of 100 users cost one password check per user',
    ),
    says: /AssertionError: round 1: expected .+ to have a length of 100 but got 1000/,
  },
  {
    name: 'a verified password is kept after the secret of its user has changed',
    invariant: '13',
    file: VERIFIED,
    piece: 'if (verified && users.get(systemId)?.passwordHash !== verified.secret)',
    replacement: 'if (verified && users.size < 0)',
    guard: unitTest(
      CREDENTIALS_TEST,
      'a verified password is forgotten when its user or stored secret changes',
    ),
    says: /AssertionError: expected 1 to be \+?0/,
  },
  {
    name: 'a password that changed while it was checked is remembered',
    invariant: '13',
    file: CREDENTIALS,
    piece: `if (this.#platform().users.get(systemId)?.passwordHash === secret)
      this.#verified`,
    replacement: 'this.#verified',
    guard: unitTest(CREDENTIALS_TEST, 'a sign-in fails if the password changes during its check'),
    says: /AssertionError: expected 1 to be \+?0/,
  },
  {
    name: 'a user who has signed in once may use any password',
    invariant: '13',
    file: VERIFIED,
    piece: 'if (!verified || !timingSafeEqual(verified.digest, digest)) return false',
    replacement: 'if (!verified) return false',
    guard: unitTest(CREDENTIALS_TEST, 'a password that differs from the verified one is checked'),
    says: /AssertionError: expected \{ .+ \} to be undefined/,
  },
  {
    name: 'one host with many IPv6 addresses gets a turn for each of them',
    invariant: '11',
    file: 'src/components/gateway/addressGroup.ts',
    piece: 'const GROUPS_OF_A_NETWORK = 4',
    replacement: 'const GROUPS_OF_A_NETWORK = 8',
    guard: unitTest(
      'components/gateway/addressGroup.test.ts',
      'the address 2001:db8:1:2::7 is in the group 2001:db8:1:2',
    ),
    says: /AssertionError: expected '.+' to be '2001:db8:1:2'/,
  },
]
