/**
 * The plain check of a balancer is HTTP/1.0 without Host. Bun gives such a request its bare path for a URL, which no
 * router understands: the edge would be 404 to a HAProxy with `option httpchk`, and get nothing.
 */

/** Says nothing: who asks for no host is answered for any. */
const NO_HOST = "localhost";

/** The request itself where its URL is whole. */
export function absoluteRequest(request: Request): Request {
  return request.url.startsWith("/") ? new Request(`http://${NO_HOST}${request.url}`, request) : request;
}
