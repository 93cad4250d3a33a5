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
export { PduError } from './pduError.ts'
export type {
  BindBody,
  BindCommand,
  CommandName,
  MessageCommand,
  Pdu,
  PduBodies,
  ResponseTo,
  SessionState,
  ShortMessageBody,
} from './pduTable.ts'
export { parseReceipt, receiptText, type Receipt, type ReceiptFields } from './receipt.ts'
export { decodeText, encodeText, type EncodedText } from './text.ts'
export { readTlv, tlv, tlvName, type Tlv } from './tlv.ts'
export { TLVS, type TlvName, type TlvValue } from './tlvTable.ts'
export { Session } from './session.ts'
export type { RequestOutcome, SessionEvents, SessionTimers, SessionBind } from './sessionTypes.ts'
export { createSmppServer, type SmppServer, type SmppServerOptions } from './smppServer.ts'
export {
  connectSmpp,
  BindRefusedError,
  SmppConnectError,
  type ConnectSmppOptions,
} from './connectSmpp.ts'
