// The public API of the library for SMPP 3.3, 3.4 and 5.0. Other folders import only this file.

export * from './wire/commandStatus.ts'
export {
  decodePdu,
  encodePdu,
  decodeBody,
  encodeBody,
  HEADER_OCTETS,
  type Decoded,
  type MalformedPdu,
} from './wire/codec.ts'
export { commandName } from './wire/commandName.ts'
export {
  MESSAGE_STATE,
  isMessageState,
  messageStateName,
  messageStateOf,
  statOf,
  type MessageState,
  type MessageStateName,
  type MessageStateWords,
} from './receipts/messageState.ts'
export { INTERFACE_VERSION, type InterfaceVersion } from './wire/interfaceVersion.ts'
export { PduError } from './wire/pduError.ts'
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
} from './wire/pduTable.ts'
export {
  isSameMessageId,
  messageIdCandidates,
  messageIdKey,
  type MessageIdRule,
} from './receipts/messageId.ts'
export {
  parseReceipt,
  receiptCount,
  type Receipt,
  type ReceiptOptions,
} from './receipts/receipt.ts'
export {
  RECEIPT_STYLES,
  receiptBody,
  receiptText,
  type ReceiptFields,
  type ReceiptLabel,
  type ReceiptStyle,
} from './receipts/receiptText.ts'
export {
  readReceiptTime,
  writeReceiptTime,
  type ReceiptTimeFormat,
  type ReceiptTimeOptions,
} from './receipts/receiptTime.ts'
export {
  readSmppTime,
  writeAbsoluteTime,
  writeRelativeTime,
  type RelativeTime,
  type SmppTime,
  type SmppTimeOptions,
} from './wire/smppTime.ts'
export { RANK_FINAL, RANK_UNCERTAIN, rankOf } from './receipts/stateRank.ts'
export { charsetOf, dataCodingOf, type Alphabet, type Charset } from './text/dataCoding.ts'
export { decodeText, type DecodeOptions } from './text/decodeText.ts'
export { encodeText, type EncodedText, type EncodeOptions } from './text/encodeText.ts'
export { decodeGsm, encodeGsm, gsmSeptets, NO_SHIFTS, type GsmShifts } from './text/gsmAlphabet.ts'
export { NATIONAL_TABLES, type NationalTable } from './text/nationalTable.ts'
export { fillBitsAfter, packSeptets, unpackSeptets } from './text/packSeptets.ts'
export {
  Reassembler,
  type IncompleteMessage,
  type KeptWithPart,
  type MessagePart,
  type ReassemblerOptions,
  type Reassembly,
} from './text/reassembler.ts'
export {
  segmentOctets,
  segmentText,
  type Segment,
  type Segmented,
  type SegmentOptions,
} from './text/segmentText.ts'
export {
  joinOctets,
  joinText,
  messageText,
  readUserData,
  type MessageBody,
  type TextPart,
  type UserData,
} from './text/userData.ts'
export {
  encodeUdh,
  parseUdh,
  portElement,
  type Concatenation,
  type InformationElement,
  type UserDataHeader,
} from './text/userDataHeader.ts'
export { readRepeatedTlv, readTlv, tlv, tlvName, type Tlv } from './wire/tlv.ts'
export { TLVS, type TlvName, type TlvValue } from './wire/tlvTable.ts'
export { Session } from './session/session.ts'
export { DEFAULT_LIMITS, type SessionLimits } from './session/defaultLimits.ts'
export { RequestError } from './session/requestError.ts'
export type { MalformedInput, OutcomeOf } from './session/sessionTypes.ts'
export type { PduEvents, RequestHandlers } from './session/sessionSettings.ts'
export type { RequestOutcome } from './session/sessionTypes.ts'
export type { SessionEvents, SessionSettings } from './session/sessionSettings.ts'
export type { SessionAdjustment } from './session/sessionAdjustment.ts'
export type { SessionTimers } from './session/sessionTimers.ts'
export type { SessionBind } from './session/sessionTypes.ts'
export type { SessionTls } from './transport/sessionTls.ts'
export { DEFAULT_MAX_SESSIONS } from './session/sessionDefaults.ts'
export { DEFAULT_TIMERS } from './session/sessionTimers.ts'
export { DEFAULT_WINDOW_SIZE, MAX_PDU_OCTETS } from './session/sessionDefaults.ts'
export {
  createSmppServer,
  type ListenOptions,
  type SmppListener,
  type SmppServer,
  type SmppServerEvents,
  type SmppServerOptions,
} from './endpoint/smppServer.ts'
export type { ProxyProtocol } from './transport/acceptor.ts'
export type { RefusedConnection } from './transport/arrival.ts'
export type { SecureContext, ServerTlsOptions } from './transport/tlsGate.ts'
export { readProxyHeader, type Endpoint, type ProxyHeader } from './transport/proxyHeader.ts'
export { connectSmpp, type ConnectSmppOptions, type EsmeOptions } from './endpoint/connectSmpp.ts'
export type { ClientTlsOptions, OpenSocketOptions } from './transport/openSocket.ts'
export { BindRefusedError } from './endpoint/bindRefusedError.ts'
export { SmppConnectError } from './transport/smppConnectError.ts'
export { bindSession, type BindRequest } from './endpoint/bindSession.ts'
export type { OutbindOptions } from './endpoint/outbind.ts'
export {
  listenForOutbind,
  type ListenForOutbindOptions,
  type OutbindEvents,
  type OutbindListener,
} from './endpoint/listenForOutbind.ts'

// Named values of fields and TLVs, in the alphabetical order of the reference page.
export { ADDR_SUBUNIT, type AddrSubunit } from './wire/values/addressing.ts'
export { ALERT_PRIORITY, type AlertPriority } from './wire/values/handset.ts'
export { BEARER_TYPE, type BearerType } from './wire/values/network.ts'
export { BROADCAST_AREA_FORMAT, type BroadcastAreaFormat } from './wire/values/broadcast.ts'
export { BROADCAST_CHANNEL, type BroadcastChannel } from './wire/values/broadcast.ts'
export { BROADCAST_CONTENT_NETWORK, type BroadcastContentNetwork } from './wire/values/broadcast.ts'
export { BROADCAST_FREQUENCY_UNIT, type BroadcastFrequencyUnit } from './wire/values/broadcast.ts'
export { BROADCAST_MESSAGE_CLASS, type BroadcastMessageClass } from './wire/values/broadcast.ts'
export {
  CALLBACK_PRESENTATION,
  CALLBACK_SCREENING,
  type CallbackPresentation,
  type CallbackScreening,
} from './wire/values/handset.ts'
export { CONGESTION_STATE, type CongestionState } from './wire/values/network.ts'
export { DATA_CODING, type DataCoding } from './wire/values/dataCoding.ts'
export { DELIVERY_FAILURE_REASON, type DeliveryFailureReason } from './wire/values/network.ts'
export { DEST_FLAG, type DestFlag } from './wire/values/addressing.ts'
export { DISPLAY_TIME, type DisplayTime } from './wire/values/handset.ts'
export { ITS_REPLY_TYPE, type ItsReplyType } from './wire/values/handset.ts'
export { LANGUAGE_INDICATOR, type LanguageIndicator } from './wire/values/handset.ts'
export { MESSAGE_FEATURE, type MessageFeature } from './wire/values/messageFields.ts'
export { MESSAGE_TYPE, MESSAGE_TYPE_MASK, type MessageType } from './wire/values/messageFields.ts'
export {
  MESSAGE_WAITING,
  MESSAGE_WAITING_ACTIVE,
  type MessageWaiting,
} from './wire/values/handset.ts'
export {
  MESSAGING_MODE,
  MESSAGING_MODE_MASK,
  type MessagingMode,
} from './wire/values/messageFields.ts'
export { MS_AVAILABILITY, type MsAvailability } from './wire/values/handset.ts'
export { MS_VALIDITY, type MsValidity } from './wire/values/handset.ts'
export {
  NETWORK_ERROR_TYPE,
  readNetworkErrorCode,
  networkErrorCodeOctets,
  type NetworkErrorType,
  type NetworkErrorCode,
} from './wire/networkErrorCode.ts'
export { NETWORK_TYPE, type NetworkType } from './wire/values/network.ts'
export { NUMBER_PORTABILITY, type NumberPortability } from './wire/values/addressing.ts'
export { NUMBERING_PLAN, type NumberingPlan } from './wire/values/addressing.ts'
export { PAYLOAD_TYPE, type PayloadType } from './wire/values/messageFields.ts'
export { PRIORITY_FLAG, type PriorityFlag } from './wire/values/messageFields.ts'
export { BROADCAST_PRIORITY, type BroadcastPriority } from './wire/values/broadcast.ts'
export { PRIVACY_INDICATOR, type PrivacyIndicator } from './wire/values/handset.ts'
export {
  RECEIPT_REQUEST,
  REGISTERED_DELIVERY,
  RECEIPT_REQUEST_MASK,
  type ReceiptRequest,
  type RegisteredDelivery,
} from './wire/values/messageFields.ts'
export { SERVICE_TYPE, type ServiceType } from './wire/values/messageFields.ts'
export { SUBADDRESS_TYPE, type SubaddressType } from './wire/values/addressing.ts'
export { TYPE_OF_NUMBER, type TypeOfNumber } from './wire/values/addressing.ts'
export { USSD_SERVICE_OP, type UssdServiceOp } from './wire/values/handset.ts'
