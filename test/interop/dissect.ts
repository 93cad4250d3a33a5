import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { debianProgram } from './debianProgram.ts'
import { SMPP_PORT, smppCapture } from './smppCapture.ts'

const execFileAsync = promisify(execFile)
const OUTPUT_OCTETS_MAX = 500_000_000

/** The view that Wireshark has of one PDU. */
export interface Dissection {
  /** How many SMPP layers Wireshark found in the packet: 1 if it recognized the PDU. */
  readonly smppLayers: number
  /** Unexpected layers, such as leftover octets or a malformed packet. */
  readonly otherLayers: readonly string[]
  /** Every field, in the order of the PDU. */
  readonly fields: readonly DissectedField[]
  /** Malformed marks, and messages of the SMPP expert. */
  readonly complaints: readonly string[]
}

export interface DissectedField {
  readonly name: string
  /** The offset from the start of the PDU. */
  readonly at: number
  /** The length in octets. */
  readonly octets: number
  /** The value in the notation of display filters. */
  readonly show: string
  /** The value as shown to people: `Operation: Submit_sm (0x00000004)`. */
  readonly showName: string
}

/**
 * Writes a capture file with one TCP connection that carries the PDUs, and lets tshark read the
 * file.
 */
export async function dissect(pdus: readonly Buffer[]): Promise<readonly Dissection[]> {
  const { octets, packets } = smppCapture(pdus)
  const layers = (await pdml(octets)).split('</packet>')
  return packets.map((packet) => readPacket(layers[packet - 1] ?? ''))
}

/** The details of each packet from tshark, in XML. */
async function pdml(capture: Buffer): Promise<string> {
  const tshark = debianProgram('tshark', 'tshark')
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-tshark-'))
  try {
    const file = join(folder, 'smpp.pcap')
    await writeFile(file, capture)
    const args = ['-n', '-r', file, '-d', `tcp.port==${SMPP_PORT},smpp`, '-T', 'pdml']
    // The user's own preferences would change the output.
    const env = { ...process.env, HOME: folder, XDG_CONFIG_HOME: folder }
    const { stdout } = await execFileAsync(tshark, args, { maxBuffer: OUTPUT_OCTETS_MAX, env })
    return stdout
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Layers below SMPP, and the user data header in a short_message. */
const ORDINARY = ['geninfo', 'frame', 'raw', 'ip', 'tcp', 'fake-field-wrapper', 'gsm_sms_ud']

function readPacket(xml: string): Dissection {
  const fields: DissectedField[] = []
  const complaints: string[] = []
  const layers: string[] = []
  let start = 0
  for (const [, element, rest = ''] of xml.matchAll(/<(proto|field)\b([^>]*)>/g)) {
    const { name, pos, size, show, showname } = attributes(rest)
    if (element === 'proto') {
      layers.push(name)
      if (name === 'smpp') start = Number(pos)
      if (name === '_ws.malformed') complaints.push(showname)
    } else if (name.startsWith('smpp.')) {
      fields.push({ name, at: Number(pos) - start, octets: Number(size), show, showName: showname })
    } else if (name === '_ws.expert.message' && layers.at(-1) === 'smpp') {
      complaints.push(show)
    }
  }
  return {
    smppLayers: layers.filter((name) => name === 'smpp').length,
    otherLayers: layers.filter((name) => name !== 'smpp' && !ORDINARY.includes(name)),
    fields,
    complaints,
  }
}

function attributes(text: string) {
  const read = (name: string) => {
    const value = new RegExp(` ${name}="([^"]*)"`).exec(text)?.[1] ?? ''
    return value.replace(/&(lt|gt|quot|amp|#x27);/g, (_, entity: string) => ENTITIES[entity] ?? '')
  }
  return {
    name: read('name'),
    pos: read('pos'),
    size: read('size'),
    show: read('show'),
    showname: read('showname'),
  }
}

const ENTITIES: Readonly<Record<string, string>> = {
  lt: '<',
  gt: '>',
  quot: '"',
  amp: '&',
  '#x27': "'",
}
