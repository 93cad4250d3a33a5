import { readTlv, tlv, tlvName, type CommandName, type Pdu } from '../../src/smpp/index.ts'
import { isResponseId } from '../../src/smpp/wire/codec.ts'
import { PDUS } from '../../src/smpp/wire/pduTable.ts'
import { typicalPdu } from './typicalPdu.ts'

/** A defect of the SMPP dissector of Wireshark (4.0.17). */
export interface DissectorFault {
  readonly what: string
  /** A PDU that shows the defect. */
  readonly pdu: Pdu
  /** All differences from our view of the PDU. Wireshark reads the rest of it correctly. */
  readonly differences: readonly string[]
}

/**
 * SMPP 5.0 §4.8.4 allows TLVs such as congestion_state in any response. Wireshark ignores them in
 * these responses.
 */
const WITHOUT_TLVS_THERE: readonly CommandName[] = [
  'generic_nack',
  'unbind_resp',
  'enquire_link_resp',
  'cancel_sm_resp',
  'replace_sm_resp',
  'cancel_broadcast_sm_resp',
  'query_sm_resp',
]

const MALFORMED = [
  'complains: [Malformed Packet: SMPP]',
  'complains: Malformed Packet',
  'then _ws.malformed',
  'then _ws.malformed',
]

const REFUSED = 0x0b

export const DISSECTOR_FAULTS: readonly DissectorFault[] = [
  {
    what: 'it ignores the body of a refusal',
    pdu: typicalPdu('submit_sm_resp', [tlv('congestion_state', 90)], REFUSED),
    differences: [
      'not seen: smpp.message_id "0a1b2c3d-4e5f" in 14 octets at 16',
      'not seen: smpp.opt_param_tag 1064 in 2 octets at 30',
      'not seen: smpp.opt_param_len 1 in 2 octets at 32',
      'not seen: smpp.congestion_state 5a in 1 octets at 34',
    ],
  },
  ...WITHOUT_TLVS_THERE.map((command) => {
    const at = command === 'query_sm_resp' ? 49 : 16
    return {
      what: `it ignores the TLVs of ${command}`,
      pdu: typicalPdu(command, [tlv('congestion_state', 90)]),
      differences: [
        `not seen: smpp.opt_param_tag 1064 in 2 octets at ${at}`,
        `not seen: smpp.opt_param_len 1 in 2 octets at ${at + 2}`,
        `not seen: smpp.congestion_state 5a in 1 octets at ${at + 4}`,
      ],
    }
  }),
  {
    what: 'it reads one octet of broadcast_rep_num, and takes the other one for the next TLV',
    pdu: typicalPdu('broadcast_sm', [tlv('broadcast_rep_num', 0x0102)]),
    differences: [
      ...MALFORMED,
      'not seen: smpp.broadcast_rep_num 0102 in 2 octets at 83',
      'seen: smpp.broadcast_rep_num "1" in 1 octets at 83',
    ],
  },
  {
    what: 'it reads one octet of ms_validity, as SMPP 3.4 defines it',
    pdu: typicalPdu('submit_sm', [tlv('ms_validity', Buffer.from([4, 1, 0, 7]))]),
    differences: [
      ...MALFORMED,
      'not seen: smpp.ms_validity 04010007 in 4 octets at 100',
      'seen: smpp.ms_validity "4" in 1 octets at 100',
    ],
  },
  {
    what: 'it calls an empty validity_period of submit_multi schedule_delivery_time',
    pdu: { ...typicalPdu('submit_multi'), validity_period: '' },
    differences: ['seen: smpp.schedule_delivery_time_r "0.000000000" in 1 octets at 73'],
  },
  {
    what: 'it does not recognize a PDU of more than 65,536 octets',
    pdu: typicalPdu('data_sm', [tlv('message_payload', Buffer.alloc(65_488, 'x'))]),
    differences: ['0 SMPP PDUs in the packet'],
  },
]

/**
 * Changes a random PDU so that Wireshark has to read it as we do. Removes fields that show the
 * defects above. Also removes invalid contents, about which two decoders may differ without an
 * error: invalid times, TLVs whose size does not fit their type or that the specification does not
 * allow in the PDU, and texts that falsely claim a user data header.
 */
export function withoutFaults(pdu: Pdu): Pdu {
  const isResponse = isResponseId(PDUS[pdu.command].command_id)
  const plain = {
    ...pdu,
    command_status: isResponse ? 0 : pdu.command_status,
    ...('esm_class' in pdu ? { esm_class: pdu.esm_class & 0xbf } : {}),
    ...('tlvs' in pdu ? { tlvs: pdu.tlvs.filter((one) => isRead(pdu.command, one)) } : {}),
    ...(pdu.command === 'submit_multi' ? { validity_period: '000002000000000R' } : {}),
    ...(pdu.command === 'query_sm_resp' ? { final_date: '261231235959948+' } : {}),
    ...(pdu.command === 'deliver_sm' ? { schedule_delivery_time: '', validity_period: '' } : {}),
  }
  // The command and the set of fields have not changed.
  return plain as Pdu
}

function isRead(command: CommandName, one: { readonly tag: number; readonly octets: Buffer }) {
  if (!PDUS[command].tlvs || WITHOUT_TLVS_THERE.includes(command)) return false
  const name = tlvName(one.tag)
  if (name === 'broadcast_rep_num' || name === 'ms_validity') return false
  return name === undefined || readTlv([one], name) !== undefined
}
