import { encodePdu, encodeText } from '../src/smpp/index.ts'

const TEXT = 'One message like many others: your code is 123456. Do not share it.'

/** Encoded submit_sm PDUs. Each has its own destination number and sequence_number. */
export function typicalSubmits(count: number): Buffer[] {
  const { data_coding, short_message } = encodeText(TEXT)
  return Array.from({ length: count }, (_, index) =>
    encodePdu({
      command: 'submit_sm',
      command_status: 0,
      sequence_number: index + 1,
      service_type: '',
      source_addr_ton: 5,
      source_addr_npi: 0,
      source_addr: 'Signalbox',
      dest_addr_ton: 1,
      dest_addr_npi: 1,
      destination_addr: `44770${String(index).padStart(7, '0')}`,
      esm_class: 0,
      protocol_id: 0,
      priority_flag: 0,
      schedule_delivery_time: '',
      validity_period: '',
      registered_delivery: 1,
      replace_if_present_flag: 0,
      data_coding,
      sm_default_msg_id: 0,
      short_message,
      tlvs: [],
    }),
  )
}
