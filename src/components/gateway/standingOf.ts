import type { Platform } from '../../platform/platform.ts'
import type { User } from '../../platform/user.ts'

export type RevocationReason =
  | 'user_deleted'
  | 'user_disabled'
  | 'user_moved'
  | 'password_changed'
  | 'account_deleted'
  | 'account_disabled'

export type Standing =
  | { readonly kind: 'good'; readonly user: User }
  | { readonly kind: 'revoked'; readonly reason: RevocationReason }

/**
 * Checks whether a customer that signed in as `user` may stay signed in. Returns the current
 * version of the user, or the reason for the revocation.
 */
export function standingOf(
  user: User,
  { accounts, users }: Pick<Platform, 'accounts' | 'users'>,
): Standing {
  const now = users.get(user.id)
  if (!now) return revoked('user_deleted')
  if (!now.enabled) return revoked('user_disabled')
  // The bind registry still lists the bind under the former account of the user, so the bind must
  // end.
  if (now.account !== user.account) return revoked('user_moved')
  if (now.passwordHash !== user.passwordHash) return revoked('password_changed')
  const account = accounts.get(now.account)
  if (!account) return revoked('account_deleted')
  return account.enabled ? { kind: 'good', user: now } : revoked('account_disabled')
}

function revoked(reason: RevocationReason): Standing {
  return { kind: 'revoked', reason }
}
