"""What the ESMEs in Python share: orders on the input, JSON lines on the output, and the reading of a deliver_sm.

An order is a JSON string: "submit TO SOURCE HEX", with the text in UTF-8 and hexadecimal. The end of the input ends the
program."""

import json
import sys

import gsm0338

RECEIPTED_MESSAGE_ID = 0x1E


def login():
    host, port, system_id, password = sys.argv[1:5]
    return host, int(port), system_id, password


def say(event, **more):
    print(json.dumps({"event": event, **more}), flush=True)


def parse_order(line):
    """(to, source, text)"""
    verb, to, source, text = json.loads(line).split(" ")
    assert verb == "submit", verb
    return to, source, bytes.fromhex(text).decode("utf-8")


def say_received(source, to, esm_class, data_coding, octets, receipted_id):
    place = None
    if esm_class & 0x40:
        end = 1 + octets[0]
        assert octets[1:3] == b"\x00\x03", octets
        place, octets = list(octets[3:6]), octets[end:]
    if data_coding == 8:
        text = octets.decode("utf-16-be", "surrogatepass")
    else:
        text = gsm0338.Codec().decode(octets)[0]
    say("received", source=source, to=to, receipt=bool(esm_class & 0x04), place=place, text=text, receiptedId=receipted_id)
