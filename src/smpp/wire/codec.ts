// Converts octets to PDUs and back. Requests are decoded strictly. A malformed request is returned
// as a value with the status to answer (SMPP 3.4 §3.3, 5.0 §2.11). Responses are decoded leniently,
// because an invalid body must not hide the command_status. Strings are Latin-1, which preserves
// every octet. Decoded octets and TLVs are subarrays of the input, not copies.

import { isDeepStrictEqual } from 'node:util'
import { ESME_RINVCMDID, ESME_RINVCMDLEN, ESME_ROK } from './commandStatus.ts'
import { compilePdu, type CompiledPdu } from './compilePdu.ts'
import { orWhat } from './nearestName.ts'
import { PduError } from './pduError.ts'
import { PDUS, type CommandName, type Pdu, type PduBodies } from './pduTable.ts'
import { wholeTlvs } from './tlvStream.ts'
import { wrongInteger } from './wrongValue.ts'

/**
 * The header of every PDU: command_length, command_id, command_status and sequence_number
 * (SMPP 3.4 §3.2).
 */
export const HEADER_OCTETS = 16
const RESPONSE_BIT = 0x80000000

/** A request that cannot be decoded, and how to answer it (SMPP 5.0 §2.11). */
export interface MalformedPdu {
  /** Distinguishes a malformed PDU from a decoded one. */
  readonly kind: 'malformed'
  /** The value in the header; 0 if it could not be read. */
  readonly command_id: number
  /** Undefined if the command_id is unknown. */
  readonly command: CommandName | undefined
  /** The sequence_number to answer with; 0 if the header is incomplete. */
  readonly sequence_number: number
  /**
   * The command_status to answer with. Send it in the request's response, or in a generic_nack if
   * `command` is undefined.
   */
  readonly commandStatus: number
  /** A description of the fault for logs. It is not sent to the peer. */
  readonly reason: string
}

/** The result of decodePdu. */
export type Decoded = { readonly kind: 'pdu'; readonly pdu: Pdu } | MalformedPdu

// The keys of PDUS are exactly the CommandName members, but Object.keys returns string[].
const COMMANDS = Object.keys(PDUS) as CommandName[]

const BY_NAME: ReadonlyMap<CommandName, CompiledPdu> = new Map(
  COMMANDS.map((command) => [command, compilePdu(command, PDUS[command])]),
)
/** The PDUs that have a response. */
const REQUESTS: typeof BY_NAME = new Map(
  [...BY_NAME].filter(([command]) => `${command}_resp` in PDUS),
)
const BY_ID: ReadonlyMap<number, CompiledPdu> = new Map(
  [...BY_NAME.values()].map((compiled) => [compiled.row.command_id, compiled]),
)

export function compiledById(command_id: number): CompiledPdu | undefined {
  return BY_ID.get(command_id)
}

export function compiledByName<C extends CommandName>(command: C): CompiledPdu<C> {
  // The entry for each name was compiled from the row of that name.
  return (BY_NAME.get(command) ?? unknownCommand(command)) as unknown as CompiledPdu<C>
}

/** Like compiledByName, for requests. Throws TypeError if the command has no response. */
export function requestByName<C extends CommandName>(command: C): CompiledPdu<C> {
  // The entry for each name was compiled from the row of that name.
  return (REQUESTS.get(command) ?? noRequest(command)) as unknown as CompiledPdu<C>
}

function unknownCommand(command: string): never {
  const meant = orWhat(
    String(command),
    COMMANDS,
    'commands are named as in the specification, such as submit_sm',
  )
  throw new TypeError(`there is no command '${command}': ${meant}`)
}

function noRequest(command: CommandName): never {
  if (isResponseId(compiledByName(command).row.command_id))
    throw new TypeError(`${command} is a response: answer a request with respond`)
  throw new TypeError(`${command} has no response: send it with notify`)
}

/** The response to a request; undefined if the command has no response. */
export function responseTo(command: CommandName): CompiledPdu | undefined {
  const { command_id } = PDUS[command]
  return command_id < RESPONSE_BIT ? BY_ID.get(command_id + RESPONSE_BIT) : undefined
}

export function isResponseId(command_id: number): boolean {
  return command_id >= RESPONSE_BIT
}

export function writeHeader(
  out: Buffer,
  at: number,
  commandLength: number,
  command_id: number,
  command_status: number,
  sequence_number: number,
): void {
  out.writeUInt32BE(commandLength, at)
  out.writeUInt32BE(command_id, at + 4)
  out.writeUInt32BE(command_status, at + 8)
  out.writeUInt32BE(sequence_number, at + 12)
}

/**
 * Decodes the PDU in octets[start, end), including its command_length (SMPP 3.4 §3.2). Never
 * throws. Requests are decoded strictly. Responses are decoded leniently, so the command_status is
 * available even if the body is invalid. Octets and TLVs of the result are subarrays of `octets`.
 * Strings are Latin-1, which preserves every octet.
 */
export function decodePdu(octets: Buffer, start: number, end: number): Decoded {
  const length = end - start
  if (length < HEADER_OCTETS) return notFramed(0, `${length} octets are too few for a header`)
  const sequence = octets.readUInt32BE(start + 12)
  const command_length = octets.readUInt32BE(start)
  if (command_length !== length)
    return notFramed(sequence, `command_length is ${command_length} in a PDU of ${length} octets`)
  const command_id = octets.readUInt32BE(start + 4)
  const compiled = BY_ID.get(command_id)
  if (!compiled) {
    const reason = `unknown command_id 0x${command_id.toString(16).padStart(8, '0')}`
    return malformed(command_id, undefined, sequence, ESME_RINVCMDID, reason)
  }
  if (isResponseId(command_id))
    return { kind: 'pdu', pdu: decodeResponse(compiled, octets, start, end) }
  try {
    const status = octets.readUInt32BE(start + 8)
    const pdu = compiled.decode(octets, start + HEADER_OCTETS, end, status, sequence)
    return { kind: 'pdu', pdu }
  } catch (error) {
    if (!(error instanceof PduError)) throw error
    return malformed(command_id, compiled.command, sequence, error.commandStatus, error.message)
  }
}

function notFramed(sequence_number: number, reason: string): MalformedPdu {
  return malformed(0, undefined, sequence_number, ESME_RINVCMDLEN, reason)
}

function malformed(
  command_id: number,
  command: CommandName | undefined,
  sequence_number: number,
  commandStatus: number,
  reason: string,
): MalformedPdu {
  return { kind: 'malformed', command_id, command, sequence_number, commandStatus, reason }
}

/** Decodes a response. `start` is the offset of its header. Never throws. */
export function decodeResponse(
  compiled: CompiledPdu,
  octets: Buffer,
  start: number,
  end: number,
): Pdu {
  const status = octets.readUInt32BE(start + 8)
  const sequence = octets.readUInt32BE(start + 12)
  const body = start + HEADER_OCTETS
  if (status !== ESME_ROK && body < end)
    return decodeRefusal(compiled, octets, body, end, status, sequence)
  return compiled.decodeLeniently(octets, body, end, status, sequence)
}

// A refusal may have no body, a complete body, or only TLVs (OpenSMPP sends these). If the TLVs
// were decoded as a body, the tag and length of the first one would become a message_id.
function decodeRefusal(
  compiled: CompiledPdu,
  octets: Buffer,
  body: number,
  end: number,
  status: number,
  sequence: number,
): Pdu {
  const bodyOctets = octets.subarray(body, end)
  try {
    const pdu = compiled.decode(octets, body, end, status, sequence)
    return saysNothing(pdu, octets, body, end) ? { ...pdu, bodyOctets } : pdu
  } catch (error) {
    if (!(error instanceof PduError)) throw error
  }
  const pdu = compiled.decodeLeniently(octets, end, end, status, sequence)
  const tlvs = wholeTlvs(octets, body, end)
  return { ...pdu, ...(tlvs ? { tlvs } : {}), bodyOctets }
}

/**
 * Decodes a body without its header (SMPP 3.4 §3.2, §4), such as the `body` that RequestHandlers
 * receive. Octets and TLVs of the result are subarrays of `octets`. Throws PduError if the body of
 * a request is malformed.
 */
export function decodeBody<C extends CommandName>(command: C, octets: Buffer): PduBodies[C] {
  return compiledByName(command).decodeBody(octets, 0, octets.length)
}

/**
 * Encodes a body without a header (SMPP 3.4 §3.2, §4), for example for Session.requestBody. Missing
 * fields are encoded as 0 or empty. Throws PduError if the value of a field cannot be encoded, and
 * TypeError for a field that the PDU does not have.
 */
export function encodeBody<C extends CommandName>(command: C, body: Partial<PduBodies[C]>): Buffer {
  const compiled = compiledByName(command)
  const out = Buffer.allocUnsafe(compiled.bodyOctetsMax(body))
  return out.subarray(0, compiled.writeBody(body, out, 0))
}

/**
 * Encodes a PDU, including its header. A refusal (a response with a non-zero command_status) whose
 * body has no content is encoded as a header alone, as SMPP 3.4 §4 requires. A PDU from decodePdu
 * is encoded to its original octets, except for changes to command_status and sequence_number. If
 * any other property was changed, the PDU is encoded from its fields. Throws PduError if the value
 * of a field cannot be encoded, and TypeError for a field that the PDU does not have. (A PDU that
 * has all its fields is not checked for unknown ones.)
 */
export function encodePdu(pdu: Pdu): Buffer {
  return (pdu.bodyOctets && asItCame(pdu, pdu.bodyOctets)) ?? encodeFields(pdu)
}

/**
 * Encodes the PDU with `bodyOctets` as its body. Returns undefined if `bodyOctets` no longer
 * matches the fields; the PDU must then be encoded from its fields.
 */
function asItCame(pdu: Pdu, bodyOctets: Buffer): Buffer | undefined {
  const out = Buffer.allocUnsafe(HEADER_OCTETS + bodyOctets.length)
  writeCheckedHeader(out, out.length, compiledByName(pdu.command), pdu)
  out.set(bodyOctets, HEADER_OCTETS)
  const decoded = decodePdu(out, 0, out.length)
  return decoded.kind === 'pdu' && isDeepStrictEqual(decoded.pdu, pdu) ? out : undefined
}

function encodeFields(pdu: Pdu): Buffer {
  const compiled = compiledByName(pdu.command)
  const out = Buffer.allocUnsafe(HEADER_OCTETS + compiled.bodyOctetsMax(pdu))
  let end = compiled.writeBody(pdu, out, HEADER_OCTETS)
  const isRefusal = isResponseId(compiled.row.command_id) && pdu.command_status !== ESME_ROK
  if (isRefusal && saysNothing(pdu, out, HEADER_OCTETS, end)) end = HEADER_OCTETS
  writeCheckedHeader(out, end, compiled, pdu)
  return out.subarray(0, end)
}

/** Callers in JavaScript may omit either property. It is then encoded as 0. */
interface Header {
  readonly command_status?: number
  readonly sequence_number?: number
}

function writeCheckedHeader(
  out: Buffer,
  commandLength: number,
  { row }: CompiledPdu,
  { command_status = 0, sequence_number = 0 }: Header,
): void {
  if (command_status >>> 0 !== command_status) wrongInteger('command_status', command_status, 4)
  if (sequence_number >>> 0 !== sequence_number) wrongInteger('sequence_number', sequence_number, 4)
  writeHeader(out, 0, commandLength, row.command_id, command_status, sequence_number)
}

/** Whether every field is 0 or empty and there are no TLVs. */
function saysNothing(pdu: Pdu, octets: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (octets[at] !== 0) return false
  return pdu.tlvs === undefined || pdu.tlvs.length === 0
}
