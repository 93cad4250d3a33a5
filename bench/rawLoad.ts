// Generates load at almost no cost, so that the server limits the rate. The submit_sm PDUs are
// encoded in advance and only their sequence_numbers change. Responses are counted, but not
// decoded.
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { encodePdu } from '../src/smpp/index.ts'
import { answerParent } from './askChild.ts'
import { typicalSubmits } from './typicalSubmits.ts'

export interface RawLoadQuestion {
  readonly port: number
  readonly sessions: number
  readonly windowSize: number
  readonly forMs: number
}

export interface RawLoadAnswer {
  readonly cpuSeconds: number
}

answerParent<RawLoadQuestion, RawLoadAnswer>(import.meta.url, async (question) => {
  const before = process.cpuUsage()
  const sessions = Array.from({ length: question.sessions }, () => runSession(question))
  await Promise.all(sessions)
  const { user, system } = process.cpuUsage(before)
  return { cpuSeconds: (user + system) / 1e6 }
})

async function runSession({ port, windowSize, forMs }: RawLoadQuestion): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  socket.write(bindPdu())
  await once(socket, 'data')
  await keepWindowFull(socket, windowSize, performance.now() + forMs)
  socket.destroy()
}

/** Resolves once the time has passed and every request has been answered. */
function keepWindowFull(socket: Socket, windowSize: number, untilMs: number): Promise<void> {
  const [submit = Buffer.alloc(0)] = typicalSubmits(1)
  const window = Buffer.concat(Array.from({ length: windowSize }, () => submit))
  const answers = new AnswerCounter()
  let sequence = 1
  let unanswered = 0
  const send = (count: number) => {
    // Copies the octets, because the socket keeps a reference until they are written.
    const octets = Buffer.from(window.subarray(0, count * submit.length))
    for (let at = 12; at < octets.length; at += submit.length) octets.writeUInt32BE(++sequence, at)
    unanswered += count
    socket.write(octets)
  }
  send(windowSize)
  return new Promise((resolve, reject) => {
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('the server closed the connection')))
    socket.on('data', (chunk: Buffer) => {
      const count = answers.take(chunk)
      unanswered -= count
      if (performance.now() < untilMs) send(count)
      else if (unanswered === 0) resolve()
    })
  })
}

/** Counts PDUs by reading only their command_length and command_status. */
class AnswerCounter {
  #part: Buffer = Buffer.alloc(0)

  take(chunk: Buffer): number {
    const octets = this.#part.length > 0 ? Buffer.concat([this.#part, chunk]) : chunk
    let at = 0
    let count = 0
    while (at + 4 <= octets.length) {
      const end = at + octets.readUInt32BE(at)
      if (end > octets.length) break
      if (octets.readUInt32BE(at + 8) !== 0) throw new Error('the server refused a submit_sm')
      count++
      at = end
    }
    this.#part = octets.subarray(at)
    return count
  }
}

function bindPdu(): Buffer {
  return encodePdu({
    command: 'bind_transceiver',
    command_status: 0,
    sequence_number: 1,
    system_id: 'bench',
    password: 'bench',
    system_type: '',
    interface_version: 0x34,
    addr_ton: 0,
    addr_npi: 0,
    address_range: '',
  })
}
