//! An agent behind a web hook: answers every request the same way, and keeps what it was sent.
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export class Agent {
  readonly address: string;
  readonly requests: IncomingMessage[] = [];
  readonly #server: Server;

  private constructor(server: Server, address: string) {
    this.#server = server;
    this.address = address;
  }

  /** `answer`: the body of its 200; a body with `success` is an outcome, any other one says only that the work was accepted. */
  static async start(answer: unknown): Promise<Agent> {
    const server = createServer((request, response) => {
      agent.requests.push(request);
      request.resume();
      request.on('end', () => {
        response.writeHead(200, { 'Content-Type': 'application/json', Connection: 'close' });
        response.end(JSON.stringify(answer));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const agent = new Agent(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}/run`);
    return agent;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}
