// The tag, type and size of every TLV of SMPP 3.4 §5.3 and 5.0 §4.8. If the two versions disagree,
// the table allows the sizes of both (ms_validity, alert_on_message_delivery). Some names are also
// names of fields. For example, the TLV `message_state` is not the field in query_sm_resp.

export type TlvType =
  | {
      readonly kind: 'integer'
      readonly octets: 1 | 2 | 4
      readonly min: number
      readonly max: number
    }
  | { readonly kind: 'cString'; readonly octetsMin: number; readonly octetsMax: number }
  | {
      readonly kind: 'octets'
      readonly octetsMin: number
      readonly octetsMax: number
      /** The fewest octets that are accepted when a value is read. */
      readonly octetsReadMin: number
    }

export interface TlvRow {
  readonly tag: number
  readonly type: TlvType
}

/** Values outside min and max are accepted when read, but not when sent. */
const int1 = (min: number, max: number) => ({ kind: 'integer', octets: 1, min, max }) as const

const INT1 = int1(0, 0xff)
const INT2 = { kind: 'integer', octets: 2, min: 0, max: 0xffff } as const
const INT4 = { kind: 'integer', octets: 4, min: 0, max: 0xffffffff } as const

/**
 * octetsMin and octetsMax include the NUL. They apply when a value is sent. A received value may be
 * shorter and may lack the NUL.
 */
const cString = (octetsMin: number, octetsMax: number) =>
  ({ kind: 'cString', octetsMin, octetsMax }) as const

const octets = (octetsMin: number, octetsMax: number, octetsReadMin = octetsMin) =>
  ({ kind: 'octets', octetsMin, octetsMax, octetsReadMin }) as const

/** The tag, type and size of each TLV, by its name in the specification. */
export const TLVS = {
  dest_addr_subunit: { tag: 0x0005, type: INT1 },
  dest_network_type: { tag: 0x0006, type: INT1 },
  dest_bearer_type: { tag: 0x0007, type: INT1 },
  dest_telematics_id: { tag: 0x0008, type: INT2 },
  source_addr_subunit: { tag: 0x000d, type: INT1 },
  source_network_type: { tag: 0x000e, type: INT1 },
  source_bearer_type: { tag: 0x000f, type: INT1 },
  /** One octet, although dest_telematics_id has two (SMPP 3.4 §5.3.2.8). */
  source_telematics_id: { tag: 0x0010, type: INT1 },
  qos_time_to_live: { tag: 0x0017, type: INT4 },
  payload_type: { tag: 0x0019, type: INT1 },
  additional_status_info_text: { tag: 0x001d, type: cString(1, 256) },
  receipted_message_id: { tag: 0x001e, type: cString(1, 65) },
  ms_msg_wait_facilities: { tag: 0x0030, type: INT1 },
  privacy_indicator: { tag: 0x0201, type: INT1 },
  source_subaddress: { tag: 0x0202, type: octets(2, 23) },
  dest_subaddress: { tag: 0x0203, type: octets(2, 23) },
  user_message_reference: { tag: 0x0204, type: INT2 },
  user_response_code: { tag: 0x0205, type: INT1 },
  source_port: { tag: 0x020a, type: INT2 },
  dest_port: { tag: 0x020b, type: INT2 },
  sar_msg_ref_num: { tag: 0x020c, type: INT2 },
  language_indicator: { tag: 0x020d, type: INT1 },
  sar_total_segments: { tag: 0x020e, type: int1(1, 255) },
  sar_segment_seqnum: { tag: 0x020f, type: int1(1, 255) },
  sc_interface_version: { tag: 0x0210, type: INT1 },
  callback_num_pres_ind: { tag: 0x0302, type: INT1 },
  callback_num_atag: { tag: 0x0303, type: octets(1, 65) },
  number_of_messages: { tag: 0x0304, type: INT1 },
  callback_num: { tag: 0x0381, type: octets(4, 19) },
  dpf_result: { tag: 0x0420, type: INT1 },
  set_dpf: { tag: 0x0421, type: INT1 },
  ms_availability_status: { tag: 0x0422, type: INT1 },
  network_error_code: { tag: 0x0423, type: octets(3, 3) },
  message_payload: { tag: 0x0424, type: octets(0, 65_535) },
  delivery_failure_reason: { tag: 0x0425, type: INT1 },
  more_messages_to_send: { tag: 0x0426, type: INT1 },
  message_state: { tag: 0x0427, type: INT1 },
  congestion_state: { tag: 0x0428, type: int1(0, 100) },
  ussd_service_op: { tag: 0x0501, type: INT1 },
  broadcast_channel_indicator: { tag: 0x0600, type: INT1 },
  broadcast_content_type: { tag: 0x0601, type: octets(3, 3) },
  broadcast_content_type_info: { tag: 0x0602, type: octets(1, 255) },
  broadcast_message_class: { tag: 0x0603, type: INT1 },
  broadcast_rep_num: { tag: 0x0604, type: INT2 },
  broadcast_frequency_interval: { tag: 0x0605, type: octets(3, 3) },
  broadcast_area_identifier: { tag: 0x0606, type: octets(1, 101) },
  broadcast_error_status: { tag: 0x0607, type: INT4 },
  broadcast_area_success: { tag: 0x0608, type: INT1 },
  broadcast_end_time: { tag: 0x0609, type: cString(17, 17) },
  broadcast_service_group: { tag: 0x060a, type: octets(1, 255) },
  billing_identification: { tag: 0x060b, type: octets(1, 1024) },
  source_network_id: { tag: 0x060d, type: cString(7, 65) },
  dest_network_id: { tag: 0x060e, type: cString(7, 65) },
  /**
   * Six digits. Some peers send fewer. When read, fewer digits are accepted, because no digit has
   * a meaning of its own.
   */
  source_node_id: { tag: 0x060f, type: octets(6, 6, 1) },
  dest_node_id: { tag: 0x0610, type: octets(6, 6, 1) },
  dest_addr_np_resolution: { tag: 0x0611, type: INT1 },
  dest_addr_np_information: { tag: 0x0612, type: octets(10, 10) },
  dest_addr_np_country: { tag: 0x0613, type: octets(1, 5) },
  display_time: { tag: 0x1201, type: INT1 },
  sms_signal: { tag: 0x1203, type: INT2 },
  ms_validity: { tag: 0x1204, type: octets(1, 4) },
  alert_on_message_delivery: { tag: 0x130c, type: octets(0, 1) },
  its_reply_type: { tag: 0x1380, type: INT1 },
  its_session_info: { tag: 0x1383, type: octets(2, 2) },
} as const satisfies Readonly<Record<string, TlvRow>>

export type TlvName = keyof typeof TLVS

/** The type of a TLV's value: a number, a string (Latin-1, without NUL) or a Buffer. */
export type TlvValue<N extends TlvName> = (typeof TLVS)[N]['type'] extends { kind: 'integer' }
  ? number
  : (typeof TLVS)[N]['type'] extends { kind: 'cString' }
    ? string
    : Buffer
