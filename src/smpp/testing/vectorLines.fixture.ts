import { readFileSync } from 'node:fs'

/**
 * A PDU that another SMPP implementation encoded: its octets as `hex`, and the values that were
 * encoded.
 */
export interface PduVector {
  readonly id: string
  readonly hex: string
  readonly decoded: {
    readonly command: string
    readonly command_status: number
    readonly sequence_number: number
    readonly tlvs: Readonly<Record<string, unknown>>
    readonly tlv_list: readonly { readonly tag: number; readonly value: string }[]
    readonly [field: string]: unknown
  }
}

export interface Answer {
  readonly reply: string | null
  readonly command_status?: number
  readonly sequence_number?: number
  readonly close?: boolean
}

/** Malformed or hostile input, and the accepted reactions to it. */
export interface MalformedVector {
  readonly id: string
  readonly description: string
  readonly receiver: 'server' | 'client' | 'either'
  readonly state: 'open' | 'bound_trx' | 'bound_rx'
  readonly send: readonly (string | { readonly generator: string; readonly hex?: string })[]
  readonly accept: readonly (Answer | { readonly replies: readonly Answer[] })[]
  readonly then: 'keep' | 'close' | 'either'
  readonly probe?: { readonly send: string }
  readonly generator?: { readonly name: string; readonly base_hex: string }
}

export interface ReceiptVector {
  readonly id: string
  readonly hex: string
  readonly esm_class: number
  readonly data_coding: number
  readonly expected: Readonly<Record<string, string | null>>
  readonly normalized: {
    readonly message_state: number | null
    readonly sub: number | null
    readonly dlvrd: number | null
    /** A time in ISO 8601. Without a zone, it is in the local time of the SMSC. */
    readonly submit_date: string | null
    readonly done_date: string | null
  }
  readonly submit_sm_resp_message_id?: string
  readonly id_match?: string
  readonly tlvs?: { readonly receipted_message_id?: string; readonly message_state?: number }
  readonly is_receipt: boolean
  readonly judgement: boolean
}

/**
 * The sizes of parts, in units of the alphabet. Equal sizes are grouped: `[[153, 2], [1, 1]]`
 * stands for the sizes 153, 153 and 1.
 */
export interface SegmentationCounts {
  readonly units: number
  readonly sizes: readonly (readonly [number, number])[]
  readonly sizes_16bit_ref: readonly (readonly [number, number])[]
}

export interface SegmentationVector {
  readonly id: string
  readonly note: string
  readonly text: string
  readonly text_utf16be: string
  /** Null if the alphabet lacks a character. */
  readonly gsm7:
    | (SegmentationCounts & { readonly unpacked_hex: string; readonly packed_hex: string })
    | null
  readonly latin1: SegmentationCounts | null
  readonly ucs2: SegmentationCounts
  /** The first of gsm7, latin1 and ucs2 that has every character. */
  readonly encoding: 'gsm7' | 'latin1' | 'ucs2'
  readonly encoding_without_latin1: 'gsm7' | 'ucs2'
  /** The numbers of units and of parts if the text is encoded in `encoding_without_latin1`. */
  readonly units: number
  readonly parts: number
}

interface Vectors {
  readonly pdus: PduVector
  readonly malformed: MalformedVector
  readonly receipts: ReceiptVector
  readonly segmentation: SegmentationVector
}

export function vectorLines<K extends keyof Vectors>(name: K): readonly Vectors[K][] {
  const text = readFileSync(new URL(`vectors/${name}.ndjson`, import.meta.url), 'utf8')
  // The files belong to this project and have these shapes. The tests fail if they do not.
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Vectors[K]]))
}
