"""A customer by smpp34; gsm0338 writes its texts, and an escape pair stays on one part."""

import asyncio
import itertools
import sys

import gsm0338
import smpp34
from esme_lines import RECEIPTED_MESSAGE_ID, login, parse_order, say, say_received

references = itertools.count(1)
tasks = set()


def parts_of(text):
    """(data_coding, esm_class, parts)"""
    try:
        units = [gsm0338.Codec().encode(character)[0] for character in text]
        coding, alone, most = 0, 160, 153
    except UnicodeError:
        units = [character.encode("utf-16-be") for character in text]
        coding, alone, most = 8, 140, 134
    if sum(map(len, units)) <= alone:
        return coding, 0, [b"".join(units)]
    parts = [b""]
    for unit in units:
        if len(parts[-1]) + len(unit) > most:
            parts.append(b"")
        parts[-1] += unit
    header = b"\x05\x00\x03" + bytes([next(references) & 0xFF, len(parts)])
    return coding, 0x40, [header + bytes([index]) + part for index, part in enumerate(parts, 1)]


async def submit_part(smsc, to, source, coding, esm_class, part):
    answer = await smsc.submit_sm(
        destination_addr=to,
        short_message=part,
        source_addr=source,
        source_addr_ton=0 if source.isdigit() else 5,
        esm_class=esm_class,
        data_coding=coding,
        registered_delivery=1,
    )
    say("answered", to=to, status=answer.command_status, id=answer.message_id)


def start(coroutine):
    task = asyncio.ensure_future(coroutine)
    tasks.add(task)
    task.add_done_callback(tasks.discard)


async def receive(smsc):
    while True:
        event = await smsc.next()
        if isinstance(event, smpp34.Disconnected):
            say("disconnected")
            return
        identities = [tlv.as_string() for tlv in event.tlvs if tlv.tag == RECEIPTED_MESSAGE_ID]
        octets = bytes(event.short_message)
        where = event.source_addr, event.destination_addr
        say_received(*where, event.esm_class, event.data_coding, octets, identities[0] if identities else None)


async def main():
    host, port, system_id, password = login()
    client = smpp34.Client(host=host, port=port, system_id=system_id, password=password, bind_type="TRX", window_size=20)
    try:
        smsc = await client.connect()
    except smpp34.SmppError as error:
        say("refused", status=str(error))
        return
    say("bound")
    start(receive(smsc))
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        to, source, text = parse_order(line)
        coding, esm_class, parts = parts_of(text)
        for part in parts:
            start(submit_part(smsc, to, source, coding, esm_class, part))
    await smsc.unbind()


asyncio.run(main())
