/** jSMPP and Kannel as customers of our server; the libraries that pip gives are in `customers.int.test.ts`. */
import { expect, test } from "bun:test";
import { playCustomer } from "#testkit/peers/customer-journey.ts";
import { openKannel } from "#testkit/peers/kannel.ts";
import { type OurServer, openOurServer } from "#testkit/peers/our-server.ts";
import { until } from "#testkit/until.ts";
import { HARD_TEXTS } from "../../connectors/simulator/testing/customer-server.ts";

const TEST_MS = 600_000;
const ARRIVAL_MS = 60_000;

test(
  "jSMPP as a customer: hard texts, receipts, a refusal, a long reply",
  async () => {
    await using server = await openOurServer();
    await playCustomer("jsmpp", server, HARD_TEXTS);
  },
  TEST_MS,
);

const texts = [
  ["hello", "Hello from Kannel", 1],
  ["alphabet", HARD_TEXTS.alphabet, 1],
  ["gsm", HARD_TEXTS.gsm7TenParts, 10],
  ["ucs2", HARD_TEXTS.ucs2TenParts, 10],
] as const;

const countTo = async ({ edge }: OurServer, to: string): Promise<number> =>
  (await edge.accepted()).filter((one) => one.to === to).length;

test(
  "Kannel's texts are kept whole, each part with its receipt, which comes to its dlr-url; a refusal too",
  async () => {
    await using server = await openOurServer();
    await using kannel = await openKannel(server.account);
    const receiptsOf = (tag: string, type: string): number =>
      kannel.receipts.filter((receipt) => receipt.tag === tag && receipt.type === type).length;
    for (const [i, [tag, text, parts]] of texts.entries()) {
      const to = `+49170123${1000 + i}9`;
      await kannel.sendSms({ from: "Shop", to, text, tag });
      await until(
        `${parts} parts of ${tag}`,
        ARRIVAL_MS,
        async () => (await countTo(server, to)) >= parts || undefined,
      );
      expect([tag, await server.textTo(to.slice(1))]).toEqual([tag, text]);
      await until(`the yes to ${tag}`, ARRIVAL_MS, () => receiptsOf(tag, "8") > 0 || undefined);
      await until(`the receipt of ${tag}`, ARRIVAL_MS, () => receiptsOf(tag, "1") > 0 || undefined);
    }
    await until("every receipt to be taken", ARRIVAL_MS, async () => (await server.edge.waiting()) === 0 || undefined);
    await kannel.sendSms({ from: "Shop", to: "+12", text: "refused", tag: "refused" });
    await until("the refusal", ARRIVAL_MS, () => receiptsOf("refused", "16") > 0 || undefined);
    expect(await kannel.isOnline()).toBe(true);
  },
  TEST_MS,
);

test(
  "a handset's message reaches Kannel's service, and its answer comes back as a submit",
  async () => {
    await using server = await openOurServer();
    await using kannel = await openKannel({ ...server.account, answer: "Danke 😀" });
    for (const [i, text] of ["STOP £ {1} €", "Да, приходите 😀 ".repeat(9).trim()].entries()) {
      const from = `+49170123456${i}`;
      await server.reply({ from, to: "+61480000001", text });
      await until("the message", ARRIVAL_MS, () => kannel.replies.find((reply) => reply.text === text));
      await until("its answer", ARRIVAL_MS, async () => (await countTo(server, from)) === 1 || undefined);
      expect(await server.textTo(from.slice(1))).toBe("Danke 😀");
    }
  },
  TEST_MS,
);

test(
  "a process that is killed with receipts in flight: Kannel comes back, and has a receipt of each of its messages",
  async () => {
    await using server = await openOurServer();
    await using kannel = await openKannel(server.account);
    const tags = Array.from({ length: 60 }, (_, i) => `kill${i}`);
    const send = (tag: string, i: number) =>
      kannel.sendSms({ from: "Shop", to: `+4917012${34500 + i}9`, text: tag, tag });
    const sending = Promise.all(tags.map(send));
    await until("some receipts", ARRIVAL_MS, () => kannel.receipts.length > 20 || undefined);
    await server.edge.role.kill();
    await server.edge.role.restart();
    await sending;
    const delivered = (): Set<string | undefined> =>
      new Set(kannel.receipts.flatMap(({ type, tag }) => (type === "1" ? [tag] : [])));
    await until("all receipts", ARRIVAL_MS, () => tags.every((tag) => delivered().has(tag)) || undefined);
    await until("an empty lane", ARRIVAL_MS, async () => (await server.edge.waiting()) === 0 || undefined);
  },
  TEST_MS,
);
