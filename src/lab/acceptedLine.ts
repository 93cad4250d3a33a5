import type { MessageState } from '../smpp/index.ts'

/**
 * An accepted message in the simulator's file. `receiptState` is the state that its receipt
 * reports. The state is chosen at random only once, so it is the same after a restart. It is
 * undefined if no receipt was requested.
 */
export interface AcceptedMessage {
  readonly upstreamId: string
  readonly atMs: number
  readonly source: string
  readonly sourceTon: number
  readonly sourceNpi: number
  readonly destination: string
  readonly destinationTon: number
  readonly destinationNpi: number
  readonly text: string
  readonly receiptState: MessageState | undefined
}

/** The content of a line of the file. Unknown kinds are skipped, so new kinds can be added. */
export type FileLine =
  | { readonly kind: 'accepted'; readonly message: AcceptedMessage; readonly carried: boolean }
  | { readonly kind: 'receipted'; readonly upstreamId: string; readonly commandStatus: number }
  | { readonly kind: 'begun'; readonly lastId: number }
  | { readonly kind: 'started'; readonly atMs: number }
  | { readonly kind: 'bound'; readonly bind: number; readonly atMs: number }
  | {
      readonly kind: 'closed'
      readonly bind: number
      readonly atMs: number
      readonly reason: string
    }

const TEXT_MAX_CHARACTERS = 200

/**
 * The line of an accepted message:
 * `{"a":"1000000001","at":…,"src":[1,1,"…"],"dst":[1,1,"…"],"t":"…","state":2}`.
 * The line also has `"carried":1` if it was copied to a new file because the receipt is still owed.
 */
export function acceptedLine(message: AcceptedMessage, carried = false): string {
  const { upstreamId, atMs, source, destination, receiptState } = message
  const text = JSON.stringify(message.text.slice(0, TEXT_MAX_CHARACTERS))
  return (
    `{"a":"${upstreamId}","at":${atMs},` +
    `"src":[${message.sourceTon},${message.sourceNpi},${JSON.stringify(source)}],` +
    `"dst":[${message.destinationTon},${message.destinationNpi},${JSON.stringify(destination)}],` +
    `"t":${text}` +
    (receiptState === undefined ? '' : `,"state":${receiptState}`) +
    (carried ? ',"carried":1}\n' : '}\n')
  )
}

/**
 * The line of an acknowledged receipt: `{"r":"1000000001"}`. It also has `"status":N` if the peer
 * permanently refused the receipt.
 */
export function receiptedLine(upstreamId: string, commandStatus: number): string {
  return commandStatus === 0
    ? `{"r":"${upstreamId}"}\n`
    : `{"r":"${upstreamId}","status":${commandStatus}}\n`
}

/** The first line of a file that replaces a large file. The next message id follows `lastId`. */
export function begunLine(lastId: number): string {
  return `{"begun":${lastId}}\n`
}

/** The line for a start of the simulator, which means that all binds of earlier runs have ended. */
export function startedLine(atMs: number): string {
  return `{"started":1,"at":${atMs}}\n`
}

/** The line for a new bind. In each run, binds are numbered from 1. */
export function boundLine(bind: number, atMs: number): string {
  return `{"bound":${bind},"at":${atMs}}\n`
}

export function closedLine(bind: number, atMs: number, reason: string): string {
  return `{"closed":${bind},"at":${atMs},"why":${JSON.stringify(reason)}}\n`
}

interface RawLine {
  readonly a?: string
  readonly at: number
  readonly src: [number, number, string]
  readonly dst: [number, number, string]
  readonly t: string
  readonly state?: MessageState
  readonly carried?: 1
  readonly r?: string
  readonly status?: number
  readonly begun?: number
  readonly started?: 1
  readonly bound?: number
  readonly closed?: number
  readonly why?: string
}

export function parseLine(line: string): FileLine | undefined {
  // The `as` is safe, because only this program writes the file. JSON.parse throws for other text.
  const raw = JSON.parse(line) as RawLine
  if (raw.r !== undefined) {
    return { kind: 'receipted', upstreamId: raw.r, commandStatus: raw.status ?? 0 }
  }
  if (raw.begun !== undefined) return { kind: 'begun', lastId: raw.begun }
  return raw.a === undefined ? bindOf(raw) : acceptedOf(raw, raw.a)
}

function bindOf({ at, started, bound, closed, why = '' }: RawLine): FileLine | undefined {
  if (started !== undefined) return { kind: 'started', atMs: at }
  if (bound !== undefined) return { kind: 'bound', bind: bound, atMs: at }
  if (closed !== undefined) return { kind: 'closed', bind: closed, atMs: at, reason: why }
  return undefined
}

function acceptedOf(raw: RawLine, upstreamId: string): FileLine {
  const [sourceTon, sourceNpi, source] = raw.src
  const [destinationTon, destinationNpi, destination] = raw.dst
  const message: AcceptedMessage = {
    upstreamId,
    atMs: raw.at,
    source,
    sourceTon,
    sourceNpi,
    destination,
    destinationTon,
    destinationNpi,
    text: raw.t,
    receiptState: raw.state,
  }
  return { kind: 'accepted', message, carried: raw.carried === 1 }
}
