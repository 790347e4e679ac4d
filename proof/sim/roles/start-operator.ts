/** Who changes the directory: writes it to every set until every set has it. No fault happens to it. */
import { type DirectoryInput, withSets } from "#core/directory/directory.ts";
import { writeDirectory } from "#core/directory/open-directory.ts";
import { changeSet, nameSets, type SetState, type SetsOfDirectory } from "#core/directory/set-states.ts";
import type { SetId } from "#domain/ids.ts";
import { setRegions, simDirectory } from "../sim-directory.ts";
import type { StartRole } from "../sim-host.ts";

const AGAIN_MS = 500;

export const startOperator: StartRole = (world, { process, stores }) => {
  const { clock } = process;
  let version = 1;
  let sets: SetsOfDirectory = { sets: [], keyLists: [] };

  async function publish(): Promise<void> {
    const mine = version;
    const body: DirectoryInput = withSets(simDirectory(), sets);
    while (mine === version && (await writeDirectory(stores, mine, body)) < stores.length) await clock.sleep(AGAIN_MS);
  }

  world.changeState = (set: SetId, state: SetState) => {
    const known = [...setRegions].map(([id, region]) => ({ set: id, region }));
    const region = setRegions.get(set) ?? "";
    version += 1;
    sets = changeSet(nameSets(sets, known), { set, region, state }, clock.now());
    void publish();
  };
  void publish();
  return {};
};
