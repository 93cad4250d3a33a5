import { decodeBody, encodeBody, encodePdu } from '../wire/codec.ts'
import type { ShortMessageBody } from '../wire/pduTable.ts'
import { segmentText } from '../text/segmentText.ts'
import { tlv } from '../wire/tlv.ts'
import { vectorLines } from './vectorLines.fixture.ts'

const SHORT_MESSAGE_OCTETS_MAX = 255

/**
 * Encoded PDUs: the receipts of the test vectors, and the parts of long texts, split in every way
 * and encoded in several alphabets.
 */
export function realMessages(): Buffer[] {
  return [...receipts(), ...longTexts()]
}

function receipts(): Buffer[] {
  return vectorLines('receipts').map(({ hex, esm_class, data_coding }) => {
    const octets = Buffer.from(hex, 'hex')
    const isLong = octets.length > SHORT_MESSAGE_OCTETS_MAX
    return pduOf('deliver_sm', {
      esm_class,
      data_coding,
      short_message: isLong ? Buffer.alloc(0) : octets,
      tlvs: isLong ? [tlv('message_payload', octets)] : [],
    })
  })
}

const TEXTS = ['Signalbox €{}\n'.repeat(12), 'şığ Şebeke '.repeat(16), '🚂 Добрый '.repeat(10)]
const KINDS = ['udh8', 'udh16', 'sar', 'message_payload'] as const

function longTexts(): Buffer[] {
  return TEXTS.flatMap((text, index) =>
    KINDS.flatMap((by) => partsOf(text, { by, reference: index, languages: [1] })).concat(
      partsOf(text, {
        reference: 0x80 + index,
        defaultAlphabet: 'gsmPacked',
        alphabets: ['gsmPacked', 'utf8', 'ucs2'],
      }),
    ),
  )
}

function partsOf(text: string, options: Parameters<typeof segmentText>[1]) {
  const result = segmentText(text, options)
  if (result.kind !== 'segmented') throw new Error(`${text} is ${result.kind}`)
  return result.segments.map((segment) => pduOf('submit_sm', segment))
}

function pduOf(command: 'submit_sm' | 'deliver_sm', fields: Partial<ShortMessageBody>): Buffer {
  const body = decodeBody(command, encodeBody(command, fields))
  return encodePdu({ command, command_status: 0, sequence_number: 1, ...body })
}
