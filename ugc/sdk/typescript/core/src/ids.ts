/**
 * A UUID. `crypto.randomUUID` is missing where a page is not served safely; the address of an object
 * ends in one everywhere (File API, "generate a new blob URL").
 */
export function uuid(): string {
  if (crypto.randomUUID) return crypto.randomUUID();
  const address = URL.createObjectURL(new Blob());
  URL.revokeObjectURL(address);
  return address.slice(-36);
}
