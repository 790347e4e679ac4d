import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The `smpp` package fails on message_payload once it is bundled, as bundles are strict code. */
test("a compiled executable reads and writes message_payload", async () => {
  const folder = await mkdtemp(join(tmpdir(), "godwit-codec-"));
  try {
    const source = join(folder, "program.ts");
    await Bun.write(
      source,
      `import { decodePdu, encodePdu } from ${JSON.stringify(join(import.meta.dir, "codec.ts"))};
       const fields = { destination_addr: "49170", message_payload: Uint8Array.of(1, 2, 3), receipted_message_id: "x" };
       const read = decodePdu(encodePdu({ command: "deliver_sm", sequence: 1, fields })).fields;
       process.stdout.write([...(read.message_payload ?? [])].join() + " " + read.receipted_message_id);`,
    );
    const binary = join(folder, "program");
    const build = Bun.spawn([process.execPath, "build", "--compile", source, "--outfile", binary], {
      cwd: join(import.meta.dir, "../.."),
      stdout: "ignore",
      stderr: "pipe",
    });
    expect([await build.exited, await new Response(build.stderr).text()]).toEqual([0, expect.any(String)]);
    const run = Bun.spawn([binary], { stdout: "pipe" });
    expect(await new Response(run.stdout).text()).toBe("1,2,3 x");
    expect(await run.exited).toBe(0);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 60_000);
