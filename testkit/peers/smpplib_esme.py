"""A customer by smpplib, which also cuts its texts: octets, so that an escape pair may lie on two parts."""

import select
import sys

import smpplib.client
import smpplib.exceptions
import smpplib.gsm
from esme_lines import login, parse_order, say, say_received

destinations = {}


def text_of(value):
    return value.decode() if isinstance(value, bytes) else value


def answered(pdu):
    # smpplib tells of a refusal twice: as an error and as an answer.
    if pdu.command == "submit_sm_resp" and pdu.sequence in destinations:
        identity = text_of(getattr(pdu, "message_id", None))
        say("answered", to=destinations.pop(pdu.sequence), status=pdu.status, id=identity)


def received(pdu):
    identity = text_of(pdu.receipted_message_id)
    octets = pdu.short_message or pdu.message_payload or b""
    source, to = text_of(pdu.source_addr), text_of(pdu.destination_addr)
    say_received(source, to, pdu.esm_class, pdu.data_coding, octets, identity)
    return 0


def submit(client, line):
    to, source, text = parse_order(line)
    parts, coding, esm_class = smpplib.gsm.make_parts(text)
    for part in parts:
        pdu = client.send_message(
            source_addr_ton=0 if source.isdigit() else 5,
            source_addr_npi=0,
            source_addr=source,
            dest_addr_ton=1,
            dest_addr_npi=1,
            destination_addr=to,
            short_message=part,
            data_coding=coding,
            esm_class=esm_class,
            registered_delivery=True,
        )
        destinations[pdu.sequence] = to


def main():
    host, port, system_id, password = login()
    client = smpplib.client.Client(host, port, allow_unknown_opt_params=True)
    client.set_message_sent_handler(answered)
    client.set_error_pdu_handler(answered)
    client.set_message_received_handler(received)
    client.connect()
    try:
        client.bind_transceiver(system_id=system_id, password=password)
    except smpplib.exceptions.PDUError as error:
        say("refused", status=error.args[1])
        return
    say("bound")
    while True:
        ready, _, _ = select.select([sys.stdin, client._socket], [], [])
        if client._socket in ready:
            client.read_once(auto_send_enquire_link=False)
        if sys.stdin in ready:
            # One line a turn, unbuffered, so that select sees the next.
            line = read_line()
            if line == b"":
                break
            submit(client, line)
    client.unbind()
    client.disconnect()


def read_line():
    line = b""
    while not line.endswith(b"\n"):
        octet = sys.stdin.buffer.raw.read(1)
        if not octet:
            return b""
        line += octet
    return line


main()
