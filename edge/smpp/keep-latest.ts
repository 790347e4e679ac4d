/** Sets an entry as the latest of a map that holds at most `max`: the one that was set longest ago goes. */
export function keepLatest<T>(map: Map<string, T>, key: string, value: T, max: number): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.size > max ? map.keys() : [];
  if (oldest !== undefined) map.delete(oldest);
}
