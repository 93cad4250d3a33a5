// The record that the SMSC simulator keeps across restarts: an append-only file of JSON lines.
// There is a line for each accepted message, for each acknowledged receipt, and for the start and
// end of each bind. A line is passed to the kernel before the peer gets the answer. Therefore no
// answered message is lost if the process is killed. A power failure may lose lines, because there
// is no fsync. Lines are collected and written once per iteration of the event loop.
//
// When the simulator starts, it reads the file once. Memory use is constant, apart from the
// receipts still owed. If the file is large, it is set aside as FILE.1, FILE.2 and so on, and a new
// file begins with the receipts still owed, so that the next start is fast. Files set aside remain
// as a record of the past. The oldest of these files are removed when their total size exceeds a
// limit.
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
  /** A larger file is set aside at the next start. */
  readonly setAsideOctets: number
  /** The oldest files set aside are removed when their total size exceeds this. */
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

  /** Reads the owed receipts, then opens the file for appending. Throws AcceptedFileError. */
  static open(path: string, limits: AcceptedFileLimits = LIMITS): OpenedFile {
    try {
      makeFolder(dirname(path))
      const past = readPast(path, limits)
      const handle = openSync(path, 'a')
      // A process that was killed may have left an incomplete line, for a message not yet answered.
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

  /** Writes all collected lines. They are then kept even if the process is killed. */
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
  /** Messages whose receipt was not acknowledged, in the order in which they were accepted. */
  readonly owed: AcceptedMessage[]
  /** The highest id that was ever written to this file. Undefined if the file is new. */
  readonly lastId: number | undefined
}

// With its `recursive` option, mkdirSync loops forever if the path is in a file system that answers
// ENOENT for every new folder, such as /proc. With a mistyped path, the simulator would hang
// instead of reporting an error.
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
  // If the process was killed between the two renames in setAside(), the complete new file has this
  // name.
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

/** Sets the file aside. The new file is complete before the old file is renamed. */
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

/** The files that were set aside, oldest first. */
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

/** Calls `onLine` for every line, including those of files set aside, oldest first. */
export function readEveryLine(path: string, onLine: (said: FileLine) => void): void {
  const files = filesSetAside(path).map(({ file }) => file)
  for (const file of [...files, path]) {
    readLines(file, (line) => {
      const said = parseLine(line)
      if (said) onLine(said)
    })
  }
}
