/** What a link's settings may say of TLS, whatever its protocol. */
import { z } from "zod";

function pem(what: string) {
  return z.string().regex(new RegExp(`-----BEGIN ${what}-----`), { error: "must be PEM, with its BEGIN line" });
}

/** Verified, chain and name; `{}` trusts what the runtime trusts. All in PEM. */
export const tlsSchema = z
  .strictObject({
    ca: pem("CERTIFICATE").optional(),
    serverName: z.string().min(1).max(253).optional(),
    cert: pem("CERTIFICATE").optional(),
    key: pem("(?:[A-Z]+ )?PRIVATE KEY").optional(),
  })
  .refine(({ cert, key }) => (cert === undefined) === (key === undefined), {
    error: "must have both cert and key, or neither",
  });
