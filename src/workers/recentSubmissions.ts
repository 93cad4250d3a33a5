import type { EnvelopeMessage } from '../contract/envelope.ts'
import type { UpstreamId } from '../domain/ids.ts'

/**
 * What this process submitted lately, by connector and upstream id, so that most receipts need no
 * look-up. Bounded: the oldest go first, and the dlr-processor finds their receipts in the store.
 */
export class RecentSubmissions {
  #max: number
  #messages = new Map<string, { message: EnvelopeMessage; destination: string }>()

  constructor(max = 50_000) {
    this.#max = max
  }

  remember(
    connector: string,
    upstreamId: UpstreamId,
    destination: string,
    message: EnvelopeMessage,
  ): void {
    const key = keyOf(connector, upstreamId)
    // Deleted first, so that an id the SMSC uses again moves to the young end.
    this.#messages.delete(key)
    this.#messages.set(key, { message, destination })
    if (this.#messages.size <= this.#max) return
    const [oldest] = this.#messages.keys()
    if (oldest !== undefined) this.#messages.delete(oldest)
  }

  /** @param destination '' where the receipt does not say; otherwise it must be the same */
  find(
    connector: string,
    upstreamId: UpstreamId,
    destination: string,
  ): EnvelopeMessage | undefined {
    const known = this.#messages.get(keyOf(connector, upstreamId))
    if (!known) return undefined
    return destination === '' || known.destination === destination ? known.message : undefined
  }
}

function keyOf(connector: string, upstreamId: UpstreamId): string {
  return `${connector}\n${upstreamId}`
}
