/** A UUID of version 4. `crypto.randomUUID` is missing where a page is not served safely. */
export function uuid(): string {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 15) | 64;
  bytes[8] = (bytes[8]! & 63) | 128;
  return Array.from(bytes, (byte, at) =>
    (at > 3 && at < 11 && !(at % 2) ? "-" : "") + (byte + 256).toString(16).slice(1),
  ).join("");
}
