/** Which numbers a route or a rate is for: all that begin so. */
import { z } from "zod";

export const prefixSchema = z
  .string()
  .regex(
    /^\+(?:[1-9][0-9]{0,14})?$/,
    "a prefix is + and the leading digits, the first of which is not 0; + alone matches all",
  );
