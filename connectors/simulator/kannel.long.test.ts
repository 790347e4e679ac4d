/** Kannel as the customer of our simulator: what it sends arrives as written, and what comes back finds its way. */
import { expect, test } from "bun:test";
import { type Kannel, type KannelOptions, openKannel } from "#testkit/peers/kannel.ts";
import { until } from "#testkit/until.ts";
import { GSM7_ALPHABET, GSM7_TEN_PARTS, UCS2_TEN_PARTS } from "../smpp/testing/hard-texts.ts";
import { openTestSimulator } from "../smpp/testing/open-pair.ts";
import type { BehaviourInput } from "./behaviour.ts";
import type { SmscSimulator } from "./smsc-simulator.ts";
import { textOf } from "./submit-record.ts";

const TEST_MS = 600_000;
const ARRIVAL_MS = 60_000;

interface Lab extends AsyncDisposable {
  readonly simulator: SmscSimulator;
  readonly kannel: Kannel;
}

async function openLab(behaviour: BehaviourInput, options: Partial<KannelOptions> = {}): Promise<Lab> {
  const simulator = await openTestSimulator(behaviour);
  const account = { host: "127.0.0.1", port: simulator.port, systemId: "kannel", password: "secret" };
  const kannel = await openKannel({ ...account, ...options });
  return {
    simulator,
    kannel,
    async [Symbol.asyncDispose]() {
      await kannel[Symbol.asyncDispose]();
      await simulator[Symbol.asyncDispose]();
    },
  };
}

function receiptsOf({ kannel }: Lab, tag: string, type: string): number {
  return kannel.receipts.filter((receipt) => receipt.tag === tag && receipt.type === type).length;
}

test(
  "Kannel's texts arrive whole, and each receipt comes to its dlr-url",
  async () => {
    await using lab = await openLab({});
    const texts = [
      ["hello", "Hello from Kannel", 1],
      ["alphabet", GSM7_ALPHABET, 1],
      ["gsm", GSM7_TEN_PARTS, 10],
      ["ucs2", UCS2_TEN_PARTS, 10],
    ] as const;
    for (const [i, [tag, text, parts]] of texts.entries()) {
      const to = `+49170123${1000 + i}9`;
      await lab.kannel.sendSms({ from: "Shop", to, text, tag });
      const own = (): SmscSimulator["submits"] => lab.simulator.submits.filter((submit) => submit.to === to);
      await until(`${parts} parts of ${tag}`, ARRIVAL_MS, () => (own().length >= parts ? true : undefined));
      const read = own().map(textOf);
      const joined = read.toSorted((a, b) => (a.concat?.index ?? 0) - (b.concat?.index ?? 0)).map((part) => part.text);
      expect([tag, joined.join("")]).toEqual([tag, text]);
      for (const submit of own()) expect(submit).toMatchObject({ from: "Shop", status: 0 });
      await until(`the receipt of ${tag}`, ARRIVAL_MS, () => (receiptsOf(lab, tag, "1") > 0 ? true : undefined));
      await until(`the SMSC's yes to ${tag}`, ARRIVAL_MS, () => (receiptsOf(lab, tag, "8") > 0 ? true : undefined));
    }
  },
  TEST_MS,
);

test(
  "ids in hex and receipts in decimal, an undelivered one, and one that is refused",
  async () => {
    await using lab = await openLab({ ids: "hex_then_decimal" }, { messageIdType: 1 });
    const send = (tag: string, to: string): Promise<string> => lab.kannel.sendSms({ from: "Shop", to, text: tag, tag });
    await send("delivered", "+491701230009");
    await send("undelivered", "+491701230001");
    await send("refused", "+491701230003");
    for (const [tag, type] of [
      ["delivered", "1"],
      ["undelivered", "2"],
      ["refused", "16"],
    ] as const) {
      await until(`the receipt of ${tag}`, ARRIVAL_MS, () => (receiptsOf(lab, tag, type) > 0 ? true : undefined));
    }
  },
  TEST_MS,
);

test(
  "a handset's message reaches Kannel's service, and its answer the handset",
  async () => {
    await using lab = await openLab({}, { answer: "Danke 😀" });
    for (const text of ["STOP £ {1} €", "Да, приходите 😀 ".repeat(9).trim()]) {
      const before = lab.simulator.submits.length;
      lab.simulator.reply({ from: "+491701234567", to: "72345", text });
      const seen = await until("the reply", ARRIVAL_MS, () => lab.kannel.replies.find((reply) => reply.text === text));
      expect(seen).toMatchObject({ from: "+491701234567", to: "72345" });
      await until("its answer", ARRIVAL_MS, () => (lab.simulator.submits.length > before ? true : undefined));
      const answer = lab.simulator.submits.at(-1);
      expect(answer).toMatchObject({ to: "+491701234567", from: "72345" });
      if (answer !== undefined) expect(textOf(answer).text).toBe("Danke 😀");
    }
  },
  TEST_MS,
);

test(
  "links that are cut lose nothing: Kannel comes back and sends again",
  async () => {
    await using lab = await openLab({ dropLinkEvery: 4 });
    const tags = Array.from({ length: 12 }, (_, i) => `cut${i}`);
    await Promise.all(
      tags.map((tag, i) => lab.kannel.sendSms({ from: "Shop", to: `+4917012${34500 + i}9`, text: tag, tag })),
    );
    await until("a link to be cut", ARRIVAL_MS, () => (lab.simulator.counters.droppedLinks > 0 ? true : undefined));
    lab.simulator.setBehaviour({});
    await until("all receipts", ARRIVAL_MS, () =>
      tags.every((tag) => receiptsOf(lab, tag, "1") > 0) ? true : undefined,
    );
    expect(await lab.kannel.isOnline()).toBe(true);
  },
  TEST_MS,
);
