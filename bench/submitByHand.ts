// A hand-written codec for submit_sm (SMPP 3.4 §4.4.1). It supports only this PDU, trusts the
// sender and checks nothing. Its rate is an upper bound for any codec in this language.

export interface SubmitByHand {
  status: number
  sequence: number
  serviceType: string
  sourceTon: number
  sourceNpi: number
  source: string
  destinationTon: number
  destinationNpi: number
  destination: string
  esmClass: number
  protocolId: number
  priority: number
  schedule: string
  validity: string
  registeredDelivery: number
  replace: number
  dataCoding: number
  defaultMessageId: number
  message: Buffer
}

const HEADER_OCTETS = 16
const SUBMIT_SM = 4
/** All octets except strings and body: the header, five NULs and twelve octets of numbers. */
const FIXED_OCTETS = HEADER_OCTETS + 5 + 12

/** Decodes the PDU that begins at `start`. */
export function decodeByHand(octets: Buffer, start: number): SubmitByHand {
  let at = start + HEADER_OCTETS
  const byte = () => octets[at++] ?? 0
  // A fifth faster for short strings than Buffer's toString, so that the comparison is stricter.
  const text = () => {
    let read = ''
    for (let octet = byte(); octet !== 0; octet = byte()) read += String.fromCharCode(octet)
    return read
  }
  return {
    status: octets.readUInt32BE(start + 8),
    sequence: octets.readUInt32BE(start + 12),
    serviceType: text(),
    sourceTon: byte(),
    sourceNpi: byte(),
    source: text(),
    destinationTon: byte(),
    destinationNpi: byte(),
    destination: text(),
    esmClass: byte(),
    protocolId: byte(),
    priority: byte(),
    schedule: text(),
    validity: text(),
    registeredDelivery: byte(),
    replace: byte(),
    dataCoding: byte(),
    defaultMessageId: byte(),
    message: octets.subarray(at + 1, at + 1 + byte()),
  }
}

export function encodeByHand(pdu: SubmitByHand): Buffer {
  const { serviceType, source, destination, schedule, validity, message } = pdu
  const length =
    FIXED_OCTETS +
    serviceType.length +
    source.length +
    destination.length +
    schedule.length +
    validity.length +
    message.length
  const out = Buffer.allocUnsafe(length)
  out.writeUInt32BE(length, 0)
  out.writeUInt32BE(SUBMIT_SM, 4)
  out.writeUInt32BE(pdu.status, 8)
  out.writeUInt32BE(pdu.sequence, 12)
  let at = HEADER_OCTETS
  const byte = (value: number) => (out[at++] = value)
  const text = (value: string) => {
    for (let i = 0; i < value.length; i++) out[at++] = value.charCodeAt(i)
    out[at++] = 0
  }
  text(serviceType)
  byte(pdu.sourceTon)
  byte(pdu.sourceNpi)
  text(source)
  byte(pdu.destinationTon)
  byte(pdu.destinationNpi)
  text(destination)
  byte(pdu.esmClass)
  byte(pdu.protocolId)
  byte(pdu.priority)
  text(schedule)
  text(validity)
  byte(pdu.registeredDelivery)
  byte(pdu.replace)
  byte(pdu.dataCoding)
  byte(pdu.defaultMessageId)
  byte(message.length)
  out.set(message, at)
  return out
}
