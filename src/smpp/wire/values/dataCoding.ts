/** data_coding (SMPP 3.4 §5.2.19). The GSM groups from 0xC0 on have further bits to combine. */
export const DATA_CODING = {
  /** Each message centre has its own default alphabet. */
  MC_DEFAULT: 0x00,
  IA5: 0x01,
  OCTETS: 0x02,
  LATIN_1: 0x03,
  OCTETS_8_BIT: 0x04,
  JIS: 0x05,
  CYRILLIC: 0x06,
  HEBREW: 0x07,
  /** Big endian; in practice UTF-16. */
  UCS2: 0x08,
  PICTOGRAM: 0x09,
  ISO_2022_JP: 0x0a,
  EXTENDED_KANJI_JIS: 0x0d,
  KS_C_5601: 0x0e,
  GSM_WAITING_DISCARD: 0xc0,
  GSM_WAITING_STORE: 0xd0,
  /** Bit 2: 8-bit data; bits 1-0: message class. */
  GSM_CLASS: 0xf0,
} as const

export type DataCoding = (typeof DATA_CODING)[keyof typeof DATA_CODING]
