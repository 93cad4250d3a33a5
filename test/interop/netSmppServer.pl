# A server made with Net::SMPP. It listens on a free port and serves one connection after the other.
# It prints its port, and then each request as a line of JSON. A submit_sm that asks for a receipt
# gets one. After a submit_sm to `leave`, the server sends enquire_link and unbind.
use strict;
use warnings;
use JSON::PP;
use Net::SMPP;

$| = 1;
my $json = JSON::PP->new->ascii->canonical;
my $listener = Net::SMPP->new_listen('127.0.0.1', port => 0, system_id => 'perl')
  or die "cannot listen: $!\n";
print $json->encode({ step => 'listening', port => $listener->sockport }), "\n";

# Octets are printed as characters up to U+00FF. The encoded body is left out.
sub say_pdu {
  my ($step, $pdu) = @_;
  my %fields = map { $_ => $pdu->{$_} } grep { $_ ne 'data' } keys %$pdu;
  print $json->encode({ step => $step, %fields }), "\n";
}

sub send_receipt {
  my ($smpp, $submitted) = @_;
  $smpp->deliver_sm(
    async => 1,
    source_addr => $submitted->{destination_addr},
    destination_addr => $submitted->{source_addr},
    esm_class => 4,
    short_message => 'id:perl-1 sub:001 dlvrd:001 submit date:2611231200 '
      . 'done date:2611231201 stat:DELIVRD err:000 text:hi',
    receipted_message_id => "perl-1\0",
    message_state => pack('C', 2),
  );
}

my %answers = (
  bind_transmitter => sub { shift->bind_transmitter_resp(@_, sc_interface_version => "\x34") },
  bind_receiver => sub { shift->bind_receiver_resp(@_) },
  bind_transceiver => sub { shift->bind_transceiver_resp(@_, sc_interface_version => "\x34") },
  submit_sm => sub { shift->submit_sm_resp(@_, message_id => 'perl-1') },
  data_sm => sub { shift->data_sm_resp(@_, message_id => 'perl-2') },
  query_sm => sub {
    shift->query_sm_resp(
      @_,
      message_id => 'perl-1',
      final_date => '261231235958000+',
      message_state => 2,
      error_code => 7,
    );
  },
  replace_sm => sub { shift->replace_sm_resp(@_) },
  cancel_sm => sub { shift->cancel_sm_resp(@_, status => 0x11) },
  submit_multi => sub {
    shift->submit_multi_resp(
      @_,
      message_id => 'perl-3',
      dest_addr_ton => [1],
      dest_addr_npi => [1],
      destination_addr => ['4478'],
      error_status_code => [0x0b],
    );
  },
  enquire_link => sub { shift->enquire_link_resp(@_) },
  unbind => sub { shift->unbind_resp(@_) },
);

sub serve {
  my ($smpp) = @_;
  while (my $pdu = $smpp->read_pdu()) {
    my $command = $pdu->explain_cmd;
    say_pdu($command, $pdu);
    $answers{$command}->($smpp, seq => $pdu->{seq}) if $answers{$command};
    last if $command eq 'unbind' || $command eq 'unbind_resp';
    next if $command ne 'submit_sm';
    send_receipt($smpp, $pdu) if $pdu->{registered_delivery};
    if ($pdu->{destination_addr} eq 'leave') {
      $smpp->enquire_link(async => 1);
      $smpp->unbind(async => 1);
    }
  }
  close $smpp;
}

while (my $smpp = $listener->accept) {
  serve($smpp);
}
