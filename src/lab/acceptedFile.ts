// The simulator's memory: an append-only file of JSON lines, one for each accepted message, one for
// each receipt that was acknowledged, and one for each bind and its end. A line is handed to the
// kernel before the peer hears of what it says, so a killed process forgets nothing it answered;
// the machine's own power is not guarded against (no fsync). Lines are gathered and written once a
// turn. At the start the file is read once, in constant memory apart from the receipts still owed.
// When it has grown large it is set aside as FILE.1, FILE.2, … (the witness of the past, removed
// oldest first beyond a total), and a new file begins with the receipts still owed, so the next
// start reads little.
import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import {
  acceptedLine,
  begunLine,
  boundLine,
  closedLine,
  parseLine,
  receiptedLine,
  startedLine,
} from './acceptedLine.ts'
import type { AcceptedMessage, FileLine } from './acceptedLine.ts'
import { readLines } from './readLines.ts'

export interface AcceptedFileLimits {
  /** A file above this is set aside at the next start. */
  readonly setAsideOctets: number
  /** Files that were set aside are removed, oldest first, above this total. */
  readonly keptOctets: number
}

const LIMITS: AcceptedFileLimits = { setAsideOctets: 16 << 20, keptOctets: 2 ** 31 }

export class AcceptedFileError extends Error {
  readonly code = 'SIMULATOR_FILE'

  constructor(file: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    super(`cannot use ${file}: ${reason}. Choose another file with --file`, { cause })
    this.name = 'AcceptedFileError'
  }
}

export class AcceptedFile {
  readonly #handle: number
  #pending = ''

  private constructor(handle: number) {
    this.#handle = handle
  }

  /** Reads what is owed, then opens for appending. Throws AcceptedFileError. */
  static open(path: string, limits: AcceptedFileLimits = LIMITS): OpenedFile {
    try {
      makeFolder(dirname(path))
      const past = readPast(path, limits)
      const handle = openSync(path, 'a')
      // A line that was cut short by a kill was never answered for.
      ftruncateSync(handle, past.octets)
      return { file: new AcceptedFile(handle), owed: past.owed, lastId: past.lastId }
    } catch (error) {
      throw new AcceptedFileError(path, error)
    }
  }

  accepted(message: AcceptedMessage): void {
    this.#pending += acceptedLine(message)
  }

  receipted(upstreamId: string, commandStatus: number): void {
    this.#pending += receiptedLine(upstreamId, commandStatus)
  }

  started(): void {
    this.#pending += startedLine(Date.now())
  }

  bound(bind: number): void {
    this.#pending += boundLine(bind, Date.now())
  }

  closed(bind: number, reason: string): void {
    this.#pending += closedLine(bind, Date.now(), reason)
  }

  /** One write for all that was gathered; when it returns, a kill of this process loses nothing. */
  flush(): void {
    if (this.#pending === '') return
    let octets = Buffer.from(this.#pending)
    this.#pending = ''
    while (octets.length > 0) octets = octets.subarray(writeSync(this.#handle, octets))
  }

  close(): void {
    this.flush()
    closeSync(this.#handle)
  }
}

export interface OpenedFile {
  readonly file: AcceptedFile
  /** Messages whose receipt was never acknowledged, in the order they were accepted. */
  readonly owed: AcceptedMessage[]
  /** The highest id that was ever issued into this file; undefined when it is new. */
  readonly lastId: number | undefined
}

// mkdirSync's `recursive` spins forever where a file system says ENOENT below a folder it has
// (/proc): a mistyped path would hang instead of getting its message.
function makeFolder(folder: string): void {
  if (existsSync(folder)) return
  makeFolder(dirname(folder))
  mkdirSync(folder)
}

interface Past {
  readonly owed: AcceptedMessage[]
  readonly lastId: number | undefined
  readonly octets: number
}

function readPast(path: string, limits: AcceptedFileLimits): Past {
  const next = `${path}.next`
  // A kill between the two renames of setAside leaves the new file complete under this name.
  if (!existsSync(path) && existsSync(next)) renameSync(next, path)
  rmSync(next, { force: true })
  if (!existsSync(path)) return { owed: [], lastId: undefined, octets: 0 }

  const owed = new Map<string, AcceptedMessage>()
  let lastId: number | undefined
  const octets = readLines(path, (line) => {
    const said = parseLine(line)
    if (!said) return
    if (said.kind === 'receipted') owed.delete(said.upstreamId)
    else if (said.kind === 'begun') lastId = said.lastId
    else if (said.kind === 'accepted') {
      lastId = Math.max(lastId ?? 0, Number(said.message.upstreamId))
      if (said.message.receiptState !== undefined) owed.set(said.message.upstreamId, said.message)
    }
  })
  const past: Past = { owed: [...owed.values()], lastId, octets }
  return octets > limits.setAsideOctets ? setAside(path, past, limits) : past
}

/** The new file is complete before the old one loses its name. */
function setAside(path: string, past: Past, limits: AcceptedFileLimits): Past {
  const next = `${path}.next`
  const handle = openSync(next, 'w')
  let octets = writeSync(handle, begunLine(past.lastId ?? 0))
  for (let at = 0; at < past.owed.length; at += 10_000) {
    const lines = past.owed.slice(at, at + 10_000).map((message) => acceptedLine(message, true))
    octets += writeSync(handle, lines.join(''))
  }
  closeSync(handle)
  const aside = filesSetAside(path)
  renameSync(path, `${path}.${(aside.at(-1)?.number ?? 0) + 1}`)
  renameSync(next, path)
  removeOldest(filesSetAside(path), limits.keptOctets)
  return { ...past, octets }
}

interface FileSetAside {
  readonly file: string
  readonly number: number
}

/** Oldest first. */
function filesSetAside(path: string): FileSetAside[] {
  const prefix = `${basename(path)}.`
  return readdirSync(dirname(path))
    .filter((name) => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)))
    .map((name) => ({
      file: join(dirname(path), name),
      number: Number(name.slice(prefix.length)),
    }))
    .toSorted((a, b) => a.number - b.number)
}

function removeOldest(aside: FileSetAside[], keptOctets: number): void {
  let total = 0
  for (const { file } of aside.toReversed()) {
    total += statSync(file).size
    if (total > keptOctets) rmSync(file, { force: true })
  }
}

/** Every line ever written, files set aside included, oldest first. */
export function readEveryLine(path: string, onLine: (said: FileLine) => void): void {
  const files = filesSetAside(path).map(({ file }) => file)
  for (const file of [...files, path]) {
    readLines(file, (line) => {
      const said = parseLine(line)
      if (said) onLine(said)
    })
  }
}
