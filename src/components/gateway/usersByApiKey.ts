import type { Platform } from '../../platform/platform.ts'
import type { User } from '../../platform/user.ts'

type Users = Platform['users']

/** Finds the user of an API key. A changed user costs two look-ups, not a scan of all users. */
export class UsersByApiKey {
  #indexed: Users | undefined
  #idByHash = new Map<string, string>()

  /** @param changed the ids of users that changed since the last call; undefined means all users */
  follow(users: Users, changed?: ReadonlySet<string>): void {
    const before = this.#indexed
    this.#indexed = users
    if (!before || !changed) {
      this.#idByHash = new Map()
      this.#add(users, users.keys())
      return
    }
    // All removals come first, because one change may move a key from one user to another.
    for (const id of changed) {
      const hash = before.get(id)?.apiKeyHash
      if (hash !== undefined && this.#idByHash.get(hash) === id) this.#idByHash.delete(hash)
    }
    this.#add(users, changed)
  }

  find(users: Users, hash: string): User | undefined {
    if (users !== this.#indexed) this.follow(users)
    const id = this.#idByHash.get(hash)
    return id === undefined ? undefined : users.get(id)
  }

  #add(users: Users, ids: Iterable<string>): void {
    for (const id of ids) {
      const hash = users.get(id)?.apiKeyHash
      if (hash !== undefined) this.#idByHash.set(hash, id)
    }
  }
}
