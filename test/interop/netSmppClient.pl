# A client made with Net::SMPP. It connects to the given port, binds in each way, and sends one
# request of each kind. It prints every answer, and every PDU that the server sends on its own, as a
# line of JSON.
use strict;
use warnings;
use JSON::PP;
use Net::SMPP;

$| = 1;
my ($port) = @ARGV;
my $json = JSON::PP->new->ascii->canonical;
my %address = (source_addr => '4477', source_addr_ton => 1, source_addr_npi => 1);

# Octets are printed as characters up to U+00FF. The encoded body is left out.
sub say_pdu {
  my ($step, $pdu) = @_;
  die "$step: no PDU arrived\n" unless $pdu;
  my %fields = map { $_ => $pdu->{$_} } grep { $_ ne 'data' } keys %$pdu;
  print $json->encode({ step => $step, %fields }), "\n";
}

sub bound {
  my ($way) = @_;
  my $constructor = "new_$way";
  my ($smpp, $answer) = Net::SMPP->$constructor(
    '127.0.0.1',
    port => $port,
    system_id => 'perl',
    password => 'secret',
    system_type => 'test',
  );
  say_pdu("bind_$way", $answer);
  return $smpp;
}

for my $way ('transmitter', 'receiver') {
  my $smpp = bound($way);
  say_pdu("unbind_$way", $smpp->unbind());
  close $smpp;
}

my $smpp = bound('transceiver');
say_pdu('submit_sm', $smpp->submit_sm(
  %address,
  destination_addr => '4478',
  dest_addr_ton => 1,
  dest_addr_npi => 1,
  validity_period => '000002000000000R',
  registered_delivery => 1,
  short_message => 'hello',
  user_message_reference => pack('n', 0xbeef),
  source_port => pack('n', 9200),
  dest_subaddress => pack('H*', 'a0313233'),
));
say_pdu('payload', $smpp->submit_sm(
  %address,
  destination_addr => '4478',
  data_coding => 8,
  message_payload => pack('n*', 0x43f, 0x440, 0xd83d, 0xdc4b) x 1000,
));
say_pdu('data_sm', $smpp->data_sm(
  %address,
  destination_addr => '4478',
  message_payload => 'data',
));
say_pdu('query_sm', $smpp->query_sm(%address, message_id => 'id-1'));
say_pdu('replace_sm', $smpp->replace_sm(%address, message_id => 'id-1', short_message => 'new'));
say_pdu('cancel_sm', $smpp->cancel_sm(
  %address,
  message_id => 'id-1',
  destination_addr => '4478',
));
say_pdu('submit_multi', $smpp->submit_multi(
  %address,
  destination_addr => ['4478', 'friends'],
  dest_flag => [1, 2],
  short_message => 'to all',
));
say_pdu('enquire_link', $smpp->enquire_link());

# Net::SMPP drops PDUs that arrive while it waits for an answer, so the server sends nothing before
# this line.
print $json->encode({ step => 'listening' }), "\n";
for (1 .. 2) {
  my $pdu = $smpp->read_pdu();
  say_pdu('came', $pdu);
  $smpp->deliver_sm_resp(seq => $pdu->{seq}, message_id => '');
}
say_pdu('unbind', $smpp->unbind());
