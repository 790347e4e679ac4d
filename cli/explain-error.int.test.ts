import { expect, test } from "bun:test";
import { createServer } from "node:net";
import { DataInUseError } from "#testkit/data-dir-lock.ts";
import { PortTakenError } from "#testkit/ports.ts";
import { explainError } from "./explain-error.ts";

const CONTEXT = { dataDir: "/data", ports: { edge: 8080 } };

test("a taken port is named with its owner and the option that moves ours", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => taken.once("listening", resolve));
  try {
    const { port } = taken.address() as { readonly port: number };
    const { code, message } = await explainError(new PortTakenError(port, undefined), {
      dataDir: "/",
      ports: { edge: port },
    });
    expect(code).toBe("port_taken");
    expect(message).toStartWith(`Port ${port} is taken by `);
    if (process.platform === "linux") expect(message).toContain(`(pid ${process.pid})`);
    expect(message).toEndWith(": stop that one, or move ours with --edge-port.");
  } finally {
    taken.close();
  }
});

test("each failure that a person can mend is one sentence that says what to do", async () => {
  const full = Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
  expect(await explainError(new DataInUseError("/data", 17), CONTEXT)).toEqual({
    code: "data_in_use",
    message:
      "Godwit runs already on /data (pid 17): use that one, stop it with Ctrl-C, " +
      "or start a second one beside it with --ephemeral --free-ports.",
  });
  expect((await explainError(full, CONTEXT)).message).toBe(
    "The disk of /data is full: free some space, or choose another disk with --data.",
  );
  const operational = Object.assign(new Error("Get MongoDB from …"), { code: "tool_missing" });
  expect(await explainError(operational, CONTEXT)).toEqual({ code: "tool_missing", message: "Get MongoDB from …" });
});

test("what nobody expected keeps its stack", async () => {
  const { code, message } = await explainError(new TypeError("x is not a function"), CONTEXT);
  expect(code).toBe("defect");
  expect(message).toContain("explain-error.int.test.ts");
});
