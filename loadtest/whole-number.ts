/** The number of a flag, for commander. */
import { InvalidArgumentError } from "commander";

/** Of digits alone: "1e3" is none. The parser throws InvalidArgumentError, which says the bounds. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    if (/^\d+$/.test(text) && Number(text) >= min && Number(text) <= max) return Number(text);
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}
