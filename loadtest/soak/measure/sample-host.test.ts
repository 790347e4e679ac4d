import { expect, test } from "bun:test";
import { countSockets, createSums, parseMachineCpu, parseSwitches } from "./sample-host.ts";

/** As captured; what follows the queues is not read. */
const TCP = `  sl  local_address rem_address   st tx_queue rx_queue
   0: 0100007F:6C25 00000000:0000 0A 00000000:00000000
   1: 0100007F:6FCF 0100007F:8A12 01 00000000:00000000
   2: 0100007F:8A12 0100007F:6FCF 01 00000000:00000000
  13: 0100007F:9C40 0100007F:6FCF 06 00000000:00000000
`;
const TCP6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue
   0: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000
   1: 00000000000000000000000001000000:1F90 00000000000000000000000001000000:D431 08 00000000:00000000
`;

test("countSockets() counts both families by state, and no heading", () => {
  expect(countSockets(TCP + TCP6)).toEqual({ listen: 2, established: 2, time_wait: 1, close_wait: 1 });
  expect(countSockets("")).toEqual({});
});

test("parseSwitches() adds those that the thread wanted and those that it did not", () => {
  const status = "Name:\tbun\nThreads:\t9\nvoluntary_ctxt_switches:\t150\nnonvoluntary_ctxt_switches:\t12\n";
  expect(parseSwitches(status)).toBe(162);
  expect(parseSwitches("")).toBe(0);
});

test("parseMachineCpu() tells what was stolen apart", () => {
  expect(parseMachineCpu("cpu  1000 200 300 9999 40 10 20 70 50 0\ncpu0 1 1 1 1\n")).toEqual({
    "machine.user": 12,
    "machine.system": 3,
    "machine.iowait": 0.4,
    "machine.steal": 0.7,
  });
});

test("the sum of a name goes on when its process is killed and another takes its place, and never goes back", () => {
  const sums = createSums();
  const cpu = (): number => sums.of(["cpu"]).cpu ?? Number.NaN;
  sums.saw("cpu", 10, 5);
  sums.saw("cpu", 10, 8);
  expect(cpu()).toBe(8);
  sums.saw("cpu", 10, 7.5);
  expect(cpu()).toBe(8);
  sums.forgetAllBut(new Map([[11, true]]));
  sums.saw("cpu", 11, 1);
  expect(cpu()).toBe(9);
  sums.saw("cpu", 11, 3);
  expect(cpu()).toBe(11);
});
