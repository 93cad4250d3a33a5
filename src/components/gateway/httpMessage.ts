// A message in the customers' HTTP API: the schema of its fields, and its conversion to submit_sm.

import { z } from 'zod'
import { textOf } from '../../platform/fieldSchemas.ts'
import { encodeBody, encodeText, gsmSeptets, tlv, writeRelativeTime } from '../../smpp/index.ts'

/** 3GPP TS 23.040 §9.1.2.5: an alphanumeric address has at most 10 octets, or 11 septets. */
const NAME_SEPTETS_MAX = 11
/** ITU-T E.164 §6: a number has at most 15 digits. */
const NUMBER = /^\+?[0-9]{1,15}$/
/** source_addr holds octets, so a name may use only GSM characters that also exist in Latin-1. */
const PRINTABLE_LATIN1 = /^[\x20-\x7e\xa0-\xff]+$/
/** SMPP 3.4 §4.4.1. Longer text is sent as message_payload. */
const SHORT_MESSAGE_OCTETS_MAX = 254
/** 30 days. SMSCs do not keep messages for that long. */
const VALIDITY_SECONDS_MAX = 30 * 86_400
const TON = { unknown: 0, international: 1, alphanumeric: 5 } as const
const NPI = { unknown: 0, e164: 1 } as const

const SENDER =
  'a number of at most 15 digits or a name of at most 11 characters of the GSM alphabet'

export const httpMessageSchema = z.strictObject({
  to: textOf(
    /^\+?[1-9][0-9]{6,14}$/,
    'a number in international form: 7 to 15 digits, + optional',
  ).describe('The number of the recipient.'),
  // The sender is required, because networks refuse messages without a sender, and recipients
  // distrust such messages.
  from: z
    .stringFormat('sender', isSender, SENDER)
    .meta({ form: SENDER })
    .describe('The sender that the recipient sees.'),
  text: z
    .string()
    .min(1)
    .max(10_000)
    .describe(
      'The text. It is sent in the GSM alphabet if that alphabet has all characters of the ' +
        'text, and otherwise in UCS-2.',
    ),
  registered_delivery: z
    .int()
    .min(0)
    .max(31)
    .default(0)
    .meta({
      description:
        'Which receipts are sent to the SMPP receivers of the user: 0 none, 1 each final state, ' +
        '2 failures only, 3 success only; add 16 to get interim states too (SMPP 5.0 §4.7.21).',
      unit: 'none',
    }),
  validity: z
    .int()
    .min(1)
    .max(VALIDITY_SECONDS_MAX)
    .exactOptional()
    .meta({
      description:
        'How long the message may wait for delivery, counted from the request. The default is ' +
        'set in the account ([validity.md](validity.md)).',
      unit: 'seconds',
    }),
})

export type HttpMessage = z.infer<typeof httpMessageSchema>

/** Encodes the message as a submit_sm body (SMPP 3.4 §4.4.1). */
export function submitSmOf({ from, registered_delivery, text, to, validity }: HttpMessage): Buffer {
  const { data_coding, short_message: octets } = encodeText(text)
  const isLong = octets.length > SHORT_MESSAGE_OCTETS_MAX
  return encodeBody('submit_sm', {
    ...sourceAddress(from),
    dest_addr_ton: TON.international,
    dest_addr_npi: NPI.e164,
    destination_addr: to.replace(/^\+/, ''),
    validity_period: validity === undefined ? '' : writeRelativeTime(validity),
    registered_delivery,
    data_coding,
    short_message: isLong ? Buffer.alloc(0) : octets,
    tlvs: isLong ? [tlv('message_payload', octets)] : [],
  })
}

function isSender(from: string): boolean {
  if (isNumeric(from)) return NUMBER.test(from)
  const septets = PRINTABLE_LATIN1.test(from) ? gsmSeptets(from) : undefined
  return septets !== undefined && septets <= NAME_SEPTETS_MAX && from.trim() !== ''
}

function isNumeric(from: string): boolean {
  return /^\+?[0-9]+$/.test(from)
}

/** SMPP 3.4 §5.2.5. A sender that consists of digits is a number; any other sender is a name. */
function sourceAddress(from: string) {
  if (!isNumeric(from))
    return {
      source_addr_ton: TON.alphanumeric,
      source_addr_npi: NPI.unknown,
      source_addr: from,
    }
  return {
    source_addr_ton: from.startsWith('+') ? TON.international : TON.unknown,
    source_addr_npi: NPI.e164,
    source_addr: from.replace(/^\+/, ''),
  }
}
