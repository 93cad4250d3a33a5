import type { EnvelopeMessage } from '../../message/messageWire.ts'
import type { UpstreamId } from '../../message/ids.ts'

interface Submission {
  readonly message: EnvelopeMessage
  readonly destination: string
}

/**
 * What this process submitted lately, by connector and upstream id, so that most receipts need no
 * look-up. Bounded: a young generation that is full becomes the old one, and the old one goes, all
 * at once; the dlr-processor finds their receipts in the store. Taking the oldest entry out of one
 * large Map instead took 27 % of a worker's time: V8 walks past all that was deleted before it.
 */
export class RecentSubmissions {
  readonly #generationMax: number
  #young = new Map<string, Submission>()
  #old = new Map<string, Submission>()

  /** @param max entries; at least half of them are kept */
  constructor(max = 50_000) {
    this.#generationMax = Math.ceil(max / 2)
  }

  remember(
    connector: string,
    upstreamId: UpstreamId,
    destination: string,
    message: EnvelopeMessage,
  ): void {
    if (this.#young.size >= this.#generationMax) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(keyOf(connector, upstreamId), { message, destination })
  }

  /** @param destination '' where the receipt does not say; otherwise it must be the same */
  find(
    connector: string,
    upstreamId: UpstreamId,
    destination: string,
  ): EnvelopeMessage | undefined {
    const key = keyOf(connector, upstreamId)
    const known = this.#young.get(key) ?? this.#old.get(key)
    if (!known) return undefined
    return destination === '' || known.destination === destination ? known.message : undefined
  }
}

function keyOf(connector: string, upstreamId: UpstreamId): string {
  return `${connector}\n${upstreamId}`
}
