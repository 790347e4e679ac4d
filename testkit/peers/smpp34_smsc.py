"""An SMSC by smpp34, for our connector. Says what it sees as JSON lines, and does what a destination's last digits ask:
0058 is throttled, 0101 gets its receipt before its answer, 0102 waits until there are three and answers the last first,
0103 is never answered, 0104 unbinds. Lines on its input: {"deliver": {...}} sends a handset's message. Ends with its
input."""

import asyncio
import datetime
import itertools
import json
import sys

import gsm0338
import smpp34
import smpplib.gsm

PORT = int(sys.argv[1])
IDS = sys.argv[2]  # "same", or "hex_then_decimal"

numbers = itertools.count(0xA0B1)
esmes = {}
held = []
tasks = set()
loop_ended = asyncio.Event()


def say(event, **more):
    print(json.dumps({"event": event, **more}), flush=True)


def start(coroutine):
    task = asyncio.ensure_future(coroutine)
    tasks.add(task)
    task.add_done_callback(ended)


def ended(task):
    tasks.discard(task)
    if not task.cancelled() and task.exception() is not None:
        say("failed", why=repr(task.exception()))


def text_of(data_coding, octets):
    if data_coding == 8:
        return octets.decode("utf-16-be")
    return gsm0338.Codec().decode(octets)[0]


def place_and_content(event):
    """(reference, total, index) of a user data header, and the octets after it [TS 23.040, 9.2.3.24.1]."""
    octets = event.short_message
    if not event.esm_class & 0x40:
        return None, octets
    end = 1 + octets[0]
    assert octets[1:3] == b"\x00\x03", octets
    return list(octets[3:6]), octets[end:]


def answer_id(number):
    return "%X" % number if IDS == "hex_then_decimal" else str(number)


def way_back(session_id):
    """The bind that sent it, or another one when that only transmits."""
    own = esmes[session_id]
    return own if own.can_receive else next(esme for esme in esmes.values() if esme.can_receive)


async def receipt(submit, number, state="DELIVRD", tlv_state=2):
    identity = "%010d" % number if IDS == "hex_then_decimal" else str(number)
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%y%m%d%H%M")
    text = (
        f"id:{identity} sub:001 dlvrd:001 submit date:{now} done date:{now} stat:{state} err:000 text:"
    )
    answer = await way_back(submit.session_id).deliver_sm(
        source_addr=submit.destination_addr,
        source_addr_ton=submit.dest_addr_ton,
        source_addr_npi=submit.dest_addr_npi,
        destination_addr=submit.source_addr,
        dest_addr_ton=submit.source_addr_ton,
        dest_addr_npi=submit.source_addr_npi,
        esm_class=4,
        short_message=text.encode(),
        # As many SMSCs send it: without the NUL of a C-string.
        tlvs=[
            smpp34.Tlv(smpp34.TLV_RECEIPTED_MESSAGE_ID, identity.encode()),
            smpp34.Tlv(smpp34.TLV_MESSAGE_STATE, bytes([tlv_state])),
        ],
    )
    say("receipt_answered", id=identity, status=answer.command_status)


async def served(submit):
    to = submit.destination_addr
    place, content = place_and_content(submit)
    try:
        text = text_of(submit.data_coding, content)
    except UnicodeError as error:
        text = f"undecodable: {error}"
    number = next(numbers)
    say(
        "submit",
        source=[submit.source_addr_ton, submit.source_addr_npi, submit.source_addr],
        to=[submit.dest_addr_ton, submit.dest_addr_npi, to],
        esm_class=submit.esm_class,
        data_coding=submit.data_coding,
        registered_delivery=submit.registered_delivery,
        place=place,
        text=text,
        octets=submit.short_message.hex(),
        tlvs=[[tlv.tag, bytes(tlv.value).hex()] for tlv in submit.tlvs],
        id=answer_id(number),
    )
    if to.endswith("0058"):
        submit.reject(smpp34.ESME_RTHROTTLED)
        return
    if to.endswith("0103"):
        held.append(("for ever", submit))
        return
    if to.endswith("0101"):
        await receipt(submit, number)
        submit.accept(message_id=answer_id(number))
        return
    if to.endswith("0102"):
        held.append((number, submit))
        waiting = [entry for entry in held if entry[0] != "for ever"]
        if len(waiting) == 3:
            for entry in reversed(waiting):
                held.remove(entry)
                entry[1].accept(message_id=answer_id(entry[0]))
                await receipt(entry[1], entry[0])
        return
    submit.accept(message_id=answer_id(number))
    if submit.registered_delivery & 1:
        await receipt(submit, number)
    if to.endswith("0104"):
        await esmes[submit.session_id].unbind()


async def deliver(source, to, text):
    """A handset's message, cut by smpplib."""
    parts, coding, esm_class = smpplib.gsm.make_parts(text)
    esme = [esme for esme in esmes.values() if esme.can_receive][-1]
    for part in parts:
        answer = await esme.deliver_sm(
            source_addr=source,
            source_addr_ton=1,
            source_addr_npi=1,
            destination_addr=to,
            esm_class=esm_class,
            data_coding=coding,
            short_message=part,
        )
        say("reply_answered", status=answer.command_status)


async def read_orders():
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        await deliver(**json.loads(line)["deliver"])
    loop_ended.set()


async def serve():
    server = smpp34.Server(host="127.0.0.1", port=PORT, system_id="SMPP34")
    await server.start()
    say("listening")
    while True:
        event = await server.next()
        if isinstance(event, smpp34.Esme):
            esmes[event.session_id] = event
            say("bound", system_id=event.system_id, can_receive=event.can_receive)
        elif isinstance(event, smpp34.Unbound):
            esmes.pop(event.session_id, None)
            say("unbound")
        else:
            start(served(event))


async def main():
    start(serve())
    start(read_orders())
    await loop_ended.wait()


asyncio.run(main())
