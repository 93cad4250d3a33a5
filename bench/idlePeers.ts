// Many customers that hold idle binds. They use raw sockets, so that ten thousand of them need
// little memory and CPU. Half of them send enquire_link; the others only answer the server's
// enquire_link.
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { setTimeout as after } from 'node:timers/promises'
import { encodePdu, HEADER_OCTETS } from '../src/smpp/index.ts'
import { answerParent } from './askChild.ts'

/** The first question opens the binds with `connect`. Later questions only read the counts. */
export interface IdleQuestion {
  readonly connect?: IdleOptions
}

export interface IdleOptions {
  readonly host: string
  readonly port: number
  /** Each system_id opens `bindsEach` binds. */
  readonly systemIds: readonly string[]
  readonly bindsEach: number
  readonly password: string
  readonly enquireLinkIntervalMs: number
}

export interface IdleAnswer {
  readonly open: number
  /** Number of closed connections. */
  readonly closed: number
  /** Number of enquire_links sent by the peers. The newest may still be unanswered. */
  readonly asked: number
  readonly answered: number
  /** Number of enquire_links from the peers that were not answered within `ANSWER_MS_MAX`. */
  readonly missed: number
  /** Number of enquire_links from the server. All are answered immediately. */
  readonly askedByServer: number
}

const BINDS_AT_ONCE = 100
const ANSWER_MS_MAX = 5_000
const ENQUIRE_LINK = 0x15
const RESPONSE_BIT = 0x80000000
const ENQUIRE_LINK_RESP = ENQUIRE_LINK + RESPONSE_BIT

const seen = { open: 0, closed: 0, asked: 0, answered: 0, missed: 0, askedByServer: 0 }

answerParent<IdleQuestion, IdleAnswer>(import.meta.url, async (question) => {
  if (question.connect) await connectAll(question.connect)
  return { ...seen }
})

async function connectAll(options: IdleOptions): Promise<void> {
  const { systemIds, bindsEach, enquireLinkIntervalMs } = options
  const waiting = systemIds.flatMap((systemId) => Array<string>(bindsEach).fill(systemId))
  const peers: IdlePeer[] = []
  const work = async () => {
    for (let systemId = waiting.pop(); systemId !== undefined; systemId = waiting.pop()) {
      peers.push(await IdlePeer.connect(options, systemId))
    }
  }
  await Promise.all(Array.from({ length: BINDS_AT_ONCE }, work))
  void askInTurn(
    peers.filter((_, index) => index % 2 === 0),
    enquireLinkIntervalMs,
  )
}

/** Makes each peer send one enquire_link per interval, evenly spread over the interval. */
async function askInTurn(peers: readonly IdlePeer[], intervalMs: number): Promise<void> {
  const startedMs = performance.now()
  for (let next = 0; ;) {
    const due = ((performance.now() - startedMs) * peers.length) / intervalMs
    for (; next < due; next++) peers[next % peers.length]?.ask()
    await after(10)
  }
}

class IdlePeer {
  readonly #socket: Socket
  #part: Buffer = Buffer.alloc(0)
  #sequence = 1
  #askedAtMs: number | undefined

  static async connect({ host, port, password }: IdleOptions, systemId: string): Promise<IdlePeer> {
    const socket = connect({ host, port, noDelay: true })
    await once(socket, 'connect')
    socket.write(bindPdu(systemId, password))
    // The parameters of an event are not typed.
    const [answer] = (await once(socket, 'data')) as [Buffer]
    if (answer.readUInt32BE(8) !== 0) throw new Error(`a bind of ${systemId} was refused`)
    return new IdlePeer(socket)
  }

  private constructor(socket: Socket) {
    this.#socket = socket
    seen.open++
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    socket.on('error', () => undefined)
    socket.on('close', () => {
      seen.open--
      seen.closed++
    })
  }

  ask(): void {
    if (this.#askedAtMs !== undefined) seen.missed++
    if (this.#socket.destroyed) return
    seen.asked++
    this.#askedAtMs = performance.now()
    this.#socket.write(header(ENQUIRE_LINK, ++this.#sequence))
  }

  #receive(chunk: Buffer): void {
    const octets = this.#part.length > 0 ? Buffer.concat([this.#part, chunk]) : chunk
    let at = 0
    while (at + HEADER_OCTETS <= octets.length) {
      const command = octets.readUInt32BE(at + 4)
      if (command === ENQUIRE_LINK) seen.askedByServer++
      if (command === ENQUIRE_LINK_RESP) this.#answered()
      // Answers enquire_link, and unbind when the platform stops.
      else this.#socket.write(header(command + RESPONSE_BIT, octets.readUInt32BE(at + 12)))
      at += HEADER_OCTETS
    }
    this.#part = octets.subarray(at)
  }

  #answered(): void {
    const tookMs = performance.now() - (this.#askedAtMs ?? 0)
    this.#askedAtMs = undefined
    if (tookMs > ANSWER_MS_MAX) seen.missed++
    else seen.answered++
  }
}

function header(command_id: number, sequence: number): Buffer {
  const octets = Buffer.alloc(HEADER_OCTETS)
  octets.writeUInt32BE(HEADER_OCTETS, 0)
  octets.writeUInt32BE(command_id, 4)
  octets.writeUInt32BE(sequence, 12)
  return octets
}

function bindPdu(system_id: string, password: string): Buffer {
  return encodePdu({
    command: 'bind_transceiver',
    command_status: 0,
    sequence_number: 1,
    system_id,
    password,
    system_type: '',
    interface_version: 0x34,
    addr_ton: 0,
    addr_npi: 0,
    address_range: '',
  })
}
