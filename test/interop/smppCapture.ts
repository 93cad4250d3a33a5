/** The SMPP port assigned by IANA. The side that sends uses it. */
export const SMPP_PORT = 2775
const PEER_PORT = 40_000

/** The longest payload of a TCP segment. A long PDU is split over several segments. */
const SEGMENT_OCTETS = 16_000
/** Packets begin with the IP header. */
const LINK_TYPE_RAW = 101
const IP_OCTETS = 20
const TCP_OCTETS = 20

export interface SmppCapture {
  /** The capture file, in pcap format. */
  readonly octets: Buffer
  /** For each PDU, the number (from 1) of the packet with its last octet. */
  readonly packets: readonly number[]
}

/** Creates a capture of one TCP connection that carries the PDUs. Each PDU begins a new segment. */
export function smppCapture(pdus: readonly Buffer[]): SmppCapture {
  const records = [fileHeader()]
  const packets: number[] = []
  let sequence = 1
  let packet = 0
  for (const pdu of pdus) {
    for (let at = 0; at < pdu.length; at += SEGMENT_OCTETS) {
      const segment = pdu.subarray(at, at + SEGMENT_OCTETS)
      records.push(record(ipPacket(tcpSegment(segment, sequence)), packet++))
      sequence = (sequence + segment.length) >>> 0
    }
    packets.push(packet)
  }
  return { octets: Buffer.concat(records), packets }
}

/** The file header of pcap version 2.4, with times in microseconds. */
function fileHeader(): Buffer {
  const header = Buffer.alloc(24)
  header.writeUInt32BE(0xa1b2c3d4, 0)
  header.writeUInt16BE(2, 4)
  header.writeUInt16BE(4, 6)
  header.writeUInt32BE(0x40000, 16)
  header.writeUInt32BE(LINK_TYPE_RAW, 20)
  return header
}

function record(packet: Buffer, microseconds: number): Buffer {
  const header = Buffer.alloc(16)
  header.writeUInt32BE(Math.floor(microseconds / 1_000_000), 0)
  header.writeUInt32BE(microseconds % 1_000_000, 4)
  header.writeUInt32BE(packet.length, 8)
  header.writeUInt32BE(packet.length, 12)
  return Buffer.concat([header, packet])
}

/** An IPv4 packet (RFC 791). Its checksum is 0, because tshark does not check it by default. */
function ipPacket(segment: Buffer): Buffer {
  const header = Buffer.alloc(IP_OCTETS)
  header.writeUInt8(0x45, 0)
  header.writeUInt16BE(IP_OCTETS + segment.length, 2)
  header.writeUInt8(64, 8)
  header.writeUInt8(6, 9)
  header.set([192, 0, 2, 1], 12)
  header.set([192, 0, 2, 2], 16)
  return Buffer.concat([header, segment])
}

/** A TCP segment (RFC 9293) with the flags PSH and ACK. */
function tcpSegment(payload: Buffer, sequence: number): Buffer {
  const header = Buffer.alloc(TCP_OCTETS)
  header.writeUInt16BE(SMPP_PORT, 0)
  header.writeUInt16BE(PEER_PORT, 2)
  header.writeUInt32BE(sequence, 4)
  header.writeUInt32BE(1, 8)
  header.writeUInt8((TCP_OCTETS / 4) << 4, 12)
  header.writeUInt8(0x18, 13)
  header.writeUInt16BE(0xffff, 14)
  return Buffer.concat([header, payload])
}
