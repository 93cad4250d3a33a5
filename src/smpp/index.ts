// SMPP 3.3, 3.4 and 5.0: what the rest of the house imports.

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
export { commandName } from './commandName.ts'
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
export {
  readSmppTime,
  writeAbsoluteTime,
  writeRelativeTime,
  type RelativeTime,
  type SmppTime,
  type SmppTimeOptions,
} from './smppTime.ts'
export { RANK_FINAL, RANK_UNCERTAIN, rankOf } from './stateRank.ts'
export { charsetOf, dataCodingOf, type Alphabet, type Charset } from './dataCoding.ts'
export { decodeText, type DecodeOptions } from './decodeText.ts'
export { encodeText, type EncodedText, type EncodeOptions } from './encodeText.ts'
export { decodeGsm, encodeGsm, gsmSeptets, NO_SHIFTS, type GsmShifts } from './gsmAlphabet.ts'
export { NATIONAL_TABLES, type NationalTable } from './nationalTable.ts'
export { fillBitsAfter, packSeptets, unpackSeptets } from './packSeptets.ts'
export {
  Reassembler,
  type IncompleteMessage,
  type KeptWithPart,
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
  parseUdh,
  portElement,
  type Concatenation,
  type InformationElement,
  type UserDataHeader,
} from './userDataHeader.ts'
export { readRepeatedTlv, readTlv, tlv, tlvName, type Tlv } from './tlv.ts'
export { TLVS, type TlvName, type TlvValue } from './tlvTable.ts'
export { Session } from './session.ts'
export { DEFAULT_LIMITS, type SessionLimits } from './defaultLimits.ts'
export { RequestError } from './requestError.ts'
export type {
  MalformedInput,
  OutcomeOf,
  PduEvents,
  RequestHandlers,
  RequestOutcome,
  SessionEvents,
  SessionSettings,
  SessionTimers,
  SessionBind,
} from './sessionTypes.ts'
export type { SessionTls } from './sessionTls.ts'
export {
  DEFAULT_MAX_SESSIONS,
  DEFAULT_TIMERS,
  DEFAULT_WINDOW_SIZE,
  MAX_PDU_OCTETS,
} from './sessionDefaults.ts'
export {
  createSmppServer,
  type ListenOptions,
  type SmppListener,
  type SmppServer,
  type SmppServerEvents,
  type SmppServerOptions,
} from './smppServer.ts'
export type { ProxyProtocol } from './acceptor.ts'
export type { RefusedConnection } from './arrival.ts'
export type { SecureContext, ServerTlsOptions } from './tlsGate.ts'
export { readProxyHeader, type Endpoint, type ProxyHeader } from './proxyHeader.ts'
export { connectSmpp, type ConnectSmppOptions, type EsmeOptions } from './connectSmpp.ts'
export type { ClientTlsOptions, OpenSocketOptions } from './openSocket.ts'
export { BindRefusedError, SmppConnectError } from './smppConnectError.ts'
export { bindSession, type BindRequest } from './bindSession.ts'
export type { OutbindOptions } from './outbind.ts'
export {
  listenForOutbind,
  type ListenForOutbindOptions,
  type OutbindEvents,
  type OutbindListener,
} from './listenForOutbind.ts'

// What the fields and TLVs may hold, by name.
export { ADDR_SUBUNIT, type AddrSubunit } from './values/addrSubunit.ts'
export { ALERT_PRIORITY, type AlertPriority } from './values/alertPriority.ts'
export { BEARER_TYPE, type BearerType } from './values/bearerType.ts'
export { BROADCAST_AREA_FORMAT, type BroadcastAreaFormat } from './values/broadcastAreaFormat.ts'
export { BROADCAST_CHANNEL, type BroadcastChannel } from './values/broadcastChannel.ts'
export {
  BROADCAST_CONTENT_NETWORK,
  type BroadcastContentNetwork,
} from './values/broadcastContentNetwork.ts'
export {
  BROADCAST_FREQUENCY_UNIT,
  type BroadcastFrequencyUnit,
} from './values/broadcastFrequencyUnit.ts'
export {
  BROADCAST_MESSAGE_CLASS,
  type BroadcastMessageClass,
} from './values/broadcastMessageClass.ts'
export {
  CALLBACK_PRESENTATION,
  CALLBACK_SCREENING,
  type CallbackPresentation,
  type CallbackScreening,
} from './values/callbackPresentation.ts'
export { CONGESTION_STATE, type CongestionState } from './values/congestionState.ts'
export { DATA_CODING, type DataCoding } from './values/dataCoding.ts'
export {
  DELIVERY_FAILURE_REASON,
  type DeliveryFailureReason,
} from './values/deliveryFailureReason.ts'
export { DEST_FLAG, type DestFlag } from './values/destFlag.ts'
export { DISPLAY_TIME, type DisplayTime } from './values/displayTime.ts'
export { ITS_REPLY_TYPE, type ItsReplyType } from './values/itsReplyType.ts'
export { LANGUAGE_INDICATOR, type LanguageIndicator } from './values/languageIndicator.ts'
export { MESSAGE_FEATURE, type MessageFeature } from './values/messageFeature.ts'
export { MESSAGE_TYPE, MESSAGE_TYPE_MASK, type MessageType } from './values/messageType.ts'
export {
  MESSAGE_WAITING,
  MESSAGE_WAITING_ACTIVE,
  type MessageWaiting,
} from './values/messageWaiting.ts'
export { MESSAGING_MODE, MESSAGING_MODE_MASK, type MessagingMode } from './values/messagingMode.ts'
export { MS_AVAILABILITY, type MsAvailability } from './values/msAvailability.ts'
export { MS_VALIDITY, type MsValidity } from './values/msValidity.ts'
export {
  NETWORK_ERROR_TYPE,
  readNetworkErrorCode,
  networkErrorCodeOctets,
  type NetworkErrorType,
  type NetworkErrorCode,
} from './values/networkErrorCode.ts'
export { NETWORK_TYPE, type NetworkType } from './values/networkType.ts'
export { NUMBER_PORTABILITY, type NumberPortability } from './values/numberPortability.ts'
export { NUMBERING_PLAN, type NumberingPlan } from './values/numberingPlan.ts'
export { PAYLOAD_TYPE, type PayloadType } from './values/payloadType.ts'
export {
  PRIORITY_FLAG,
  BROADCAST_PRIORITY,
  type PriorityFlag,
  type BroadcastPriority,
} from './values/priorityFlag.ts'
export { PRIVACY_INDICATOR, type PrivacyIndicator } from './values/privacyIndicator.ts'
export {
  RECEIPT_REQUEST,
  REGISTERED_DELIVERY,
  RECEIPT_REQUEST_MASK,
  type ReceiptRequest,
  type RegisteredDelivery,
} from './values/registeredDelivery.ts'
export { SERVICE_TYPE, type ServiceType } from './values/serviceType.ts'
export { SUBADDRESS_TYPE, type SubaddressType } from './values/subaddressType.ts'
export { TYPE_OF_NUMBER, type TypeOfNumber } from './values/typeOfNumber.ts'
export { USSD_SERVICE_OP, type UssdServiceOp } from './values/ussdServiceOp.ts'
