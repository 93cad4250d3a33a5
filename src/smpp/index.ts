// SMPP 3.4, with the TLVs and commands of 5.0: what the rest of the house imports.

export * from './commandStatus.ts'
export {
  decodePdu,
  encodePdu,
  decodeBody,
  encodeBody,
  HEADER_OCTETS,
  type Decoded,
  type MalformedPdu,
} from './codec.ts'
export {
  MESSAGE_STATE,
  isMessageState,
  messageStateName,
  messageStateOf,
  statOf,
  type MessageState,
  type MessageStateName,
} from './messageState.ts'
export { INTERFACE_VERSION, type InterfaceVersion } from './interfaceVersion.ts'
export { PduError } from './pduError.ts'
export type {
  BindBody,
  BindCommand,
  CommandName,
  OneWayCommand,
  Pdu,
  RequestCommand,
  PduBodies,
  ResponseTo,
  SessionState,
  ShortMessageBody,
} from './pduTable.ts'
export {
  isSameMessageId,
  messageIdCandidates,
  messageIdKey,
  type MessageIdRule,
} from './messageId.ts'
export { parseReceipt, receiptCount, type Receipt, type ReceiptOptions } from './receipt.ts'
export {
  RECEIPT_STYLES,
  receiptBody,
  receiptText,
  type ReceiptFields,
  type ReceiptLabel,
  type ReceiptStyle,
} from './receiptText.ts'
export {
  readReceiptTime,
  writeReceiptTime,
  type ReceiptTimeFormat,
  type ReceiptTimeOptions,
} from './receiptTime.ts'
export { RANK_FINAL, RANK_UNCERTAIN, rankOf } from './stateRank.ts'
export {
  charsetOf,
  dataCodingOf,
  DATA_CODING_ASCII,
  DATA_CODING_DEFAULT,
  DATA_CODING_LATIN1,
  DATA_CODING_OCTETS,
  DATA_CODING_UCS2,
  type Alphabet,
  type Charset,
} from './dataCoding.ts'
export { decodeText, type DecodeOptions } from './decodeText.ts'
export { encodeText, type EncodedText, type EncodeOptions } from './encodeText.ts'
export { decodeGsm, encodeGsm, gsmSeptets, NO_SHIFTS, type GsmShifts } from './gsmAlphabet.ts'
export { NATIONAL_TABLES, type NationalTable } from './nationalTable.ts'
export { fillBitsAfter, packSeptets, unpackSeptets } from './packSeptets.ts'
export {
  Reassembler,
  type IncompleteMessage,
  type MessagePart,
  type ReassemblerOptions,
  type Reassembly,
} from './reassembler.ts'
export {
  segmentOctets,
  segmentText,
  type Segment,
  type Segmented,
  type SegmentOptions,
} from './segmentText.ts'
export {
  joinOctets,
  joinText,
  messageText,
  readUserData,
  type MessageBody,
  type TextPart,
  type UserData,
} from './userData.ts'
export {
  encodeUdh,
  ESM_CLASS_UDHI,
  parseUdh,
  portElement,
  type Concatenation,
  type InformationElement,
  type UserDataHeader,
} from './userDataHeader.ts'
export { readTlv, tlv, tlvName, type Tlv } from './tlv.ts'
export { TLVS, type TlvName, type TlvValue } from './tlvTable.ts'
export { Session } from './session.ts'
export type {
  OutcomeOf,
  RequestHandlers,
  RequestOutcome,
  SessionEvents,
  SessionTimers,
  SessionBind,
} from './sessionTypes.ts'
export { createSmppServer, type SmppServer, type SmppServerOptions } from './smppServer.ts'
export {
  connectSmpp,
  BindRefusedError,
  SmppConnectError,
  type ConnectSmppOptions,
} from './connectSmpp.ts'
