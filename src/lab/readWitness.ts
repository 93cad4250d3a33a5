import { readEveryLine } from './acceptedFile.ts'

/** What an SMSC accepted, by its own file: the upstream end of a reconciliation. */
export interface Witness {
  /** By upstream id. Ids are unique, so every accepted message is here once. */
  readonly accepted: ReadonlyMap<string, WitnessedMessage>
  /** Upstream ids whose receipt was acknowledged. */
  readonly receipted: ReadonlySet<string>
  /** Upstream ids of messages that came more than once: same source, destination and text. */
  readonly duplicates: readonly (readonly string[])[]
}

export interface WitnessedMessage {
  readonly destination: string
  readonly source: string
  readonly text: string
  readonly atMs: number
  /** A receipt was asked for. */
  readonly receiptOwed: boolean
}

/** Reads the file of an SMSC simulator, whether it runs or was killed. Throws when it has none. */
export function readWitness(file: string): Witness {
  const accepted = new Map<string, WitnessedMessage>()
  const receipted = new Set<string>()
  readEveryLine(file, (said) => {
    if (said.kind === 'receipted') receipted.add(said.upstreamId)
    if (said.kind !== 'accepted' || said.carried) return
    const { upstreamId, destination, source, text, atMs, receiptState } = said.message
    const receiptOwed = receiptState !== undefined
    accepted.set(upstreamId, { destination, source, text, atMs, receiptOwed })
  })
  return { accepted, receipted, duplicates: sameTwice(accepted) }
}

function sameTwice(accepted: ReadonlyMap<string, WitnessedMessage>): string[][] {
  const byContent = new Map<string, string | string[]>()
  const twice: string[][] = []
  for (const [upstreamId, { source, destination, text }] of accepted) {
    const content = `${source}\n${destination}\n${text}`
    const known = byContent.get(content)
    if (known === undefined) byContent.set(content, upstreamId)
    else if (typeof known !== 'string') known.push(upstreamId)
    else {
      const ids = [known, upstreamId]
      byContent.set(content, ids)
      twice.push(ids)
    }
  }
  return twice
}
