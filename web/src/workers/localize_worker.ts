import { localizerOf, prepareLocalizer } from "../localize/decided.ts";
import type { Localizer } from "../localize/localizer.ts";
import { buffersOf } from "../localize/molecule_columns.ts";
import { atAddress, setNetworkSource } from "../localize/net/network.ts";
import { answerCalls } from "./calls.ts";
import type { Request } from "./crew.ts";

let localizer: Localizer | null = null;

answerCalls(async (request: Request) => {
  if (request.kind === "begin") {
    setNetworkSource(atAddress(request.base));
    return { result: null };
  }
  if (request.kind === "prepare") {
    return { result: await prepareLocalizer(request.preparation) };
  }
  if (request.kind === "load") {
    localizer = await localizerOf(request.decided);
    return { result: null };
  }
  if (localizer === null) throw new Error("nothing was decided yet");
  const { frames, first, last } = request.batch;
  const molecules = await localizer.localize(frames, first, last);
  return { result: molecules, transfer: buffersOf(molecules) };
});
