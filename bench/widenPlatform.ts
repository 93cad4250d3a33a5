import { setTimeout as after } from 'node:timers/promises'

/** Components follow a change within a second. */
const FOLLOWED_WITHIN_MS = 1_500

/** Only what is changed here; the rest of the document goes back as it came. */
interface Exported {
  readonly users: readonly object[]
  readonly connectors: readonly object[]
}

/**
 * Takes the limits out of the demo platform that are meant for a demo: binds of users, and pace,
 * window and binds of connectors. A bench measures the platform, not its limits.
 */
export async function widenPlatform(admin: { url: string; token: string }): Promise<void> {
  const headers = { authorization: `Bearer ${admin.token}`, 'content-type': 'application/json' }
  const call = async (path: string, init?: RequestInit) => {
    const answer = await fetch(new URL(path, admin.url), { ...init, headers })
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
    return answer.json()
  }
  // The admin API's own schema says that these two lists are there.
  const platform = (await call('/admin/v1/platform')) as Exported
  const wide = {
    ...platform,
    users: platform.users.map((user) => ({ ...user, maxBinds: 1_000, window: 10_000 })),
    connectors: platform.connectors.map((connector) => ({
      ...connector,
      binds: 4,
      window: 500,
      tps: 100_000,
    })),
  }
  await call('/admin/v1/platform/apply', { method: 'POST', body: JSON.stringify(wide) })
  await after(FOLLOWED_WITHIN_MS)
}
