import { readEveryLine } from './acceptedFile.ts'
import type { FileLine } from './acceptedLine.ts'

/** The content of an SMSC simulator's file. reconcile() compares it with a load report. */
export interface Witness {
  /** The accepted messages by upstream id. The ids are unique. */
  readonly accepted: ReadonlyMap<string, WitnessedMessage>
  /** The upstream ids of messages whose receipt was acknowledged. */
  readonly receipted: ReadonlySet<string>
  /** Groups of upstream ids of messages with the same source, destination and text. */
  readonly duplicates: readonly (readonly string[])[]
  /** All binds so far, in the order in which they were opened. */
  readonly binds: readonly WitnessedBind[]
}

export interface WitnessedBind {
  readonly openedAtMs: number
  /** Undefined while the bind is up. */
  readonly end: { readonly atMs: number; readonly reason: string } | undefined
}

export interface WitnessedMessage {
  readonly destination: string
  readonly source: string
  readonly text: string
  readonly atMs: number
  /** Whether a receipt was requested. */
  readonly receiptOwed: boolean
}

/**
 * Reads the file of an SMSC simulator. The simulator may be running or may have been killed. Throws
 * if the file does not exist.
 */
export function readWitness(file: string): Witness {
  const accepted = new Map<string, WitnessedMessage>()
  const receipted = new Set<string>()
  const binds: WitnessedBind[] = []
  const open = new Map<number, number>()
  readEveryLine(file, (said) => {
    if (said.kind === 'receipted') receipted.add(said.upstreamId)
    keepBind(said, binds, open)
    if (said.kind !== 'accepted' || said.carried) return
    const { upstreamId, destination, source, text, atMs, receiptState } = said.message
    const receiptOwed = receiptState !== undefined
    accepted.set(upstreamId, { destination, source, text, atMs, receiptOwed })
  })
  return { accepted, receipted, duplicates: sameTwice(accepted), binds }
}

/** @param open the index in `binds` of each bind that is up, by the number of the bind */
function keepBind(said: FileLine, binds: WitnessedBind[], open: Map<number, number>): void {
  const end = (bind: number, atMs: number, reason: string) => {
    const at = open.get(bind) ?? -1
    const known = binds[at]
    if (known) binds[at] = { ...known, end: { atMs, reason } }
    open.delete(bind)
  }
  if (said.kind === 'started') {
    for (const bind of open.keys()) end(bind, said.atMs, 'the simulator was killed')
  } else if (said.kind === 'bound') {
    open.set(said.bind, binds.push({ openedAtMs: said.atMs, end: undefined }) - 1)
  } else if (said.kind === 'closed') end(said.bind, said.atMs, said.reason)
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
