import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

const CHUNK_OCTETS = 1 << 20

/**
 * Calls `onLine` for each complete line of a file. The file is read in steps of 1 MiB, so memory
 * use is constant for files of any size. Returns the number of octets up to the last newline. Any
 * octets after the last newline are an incomplete line, whose writer was killed.
 */
export function readLines(file: string, onLine: (line: string) => void): number {
  const handle = openSync(file, 'r')
  try {
    const size = fstatSync(handle).size
    const chunk = Buffer.allocUnsafe(CHUNK_OCTETS)
    let tail: Buffer = Buffer.alloc(0)
    let position = 0
    while (position < size) {
      const count = readSync(handle, chunk, 0, CHUNK_OCTETS, position)
      if (count === 0) break
      position += count
      const octets = Buffer.concat([tail, chunk.subarray(0, count)])
      const end = octets.lastIndexOf(0x0a) + 1
      eachLine(octets.toString('utf8', 0, end), onLine)
      tail = octets.subarray(end)
    }
    return position - tail.length
  } finally {
    closeSync(handle)
  }
}

function eachLine(text: string, onLine: (line: string) => void): void {
  for (let start = 0; start < text.length;) {
    const end = text.indexOf('\n', start)
    if (end > start) onLine(text.slice(start, end))
    start = end + 1
  }
}
