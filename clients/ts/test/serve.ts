import { type IncomingMessage, createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A server of this test's own, until the end of its scope. */
export async function serve(answer: (request: IncomingMessage) => Promise<readonly [status: number, body: string]>) {
  const server = createServer((request, response) => {
    answer(request).then(
      ([status, text]) => response.writeHead(status).end(text),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const close = () => (server.closeAllConnections(), new Promise<void>((resolve) => server.close(() => resolve())));
  return { endpoint, [Symbol.asyncDispose]: close };
}

/** The whole body of a request. */
export async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
