/** The text, packed; `undefined` where the browser cannot. */
export async function gzip(text: string): Promise<Blob | undefined> {
  if (typeof CompressionStream == "undefined") return;
  return new Response(new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"))).blob();
}
