import type { Socket } from "node:net";

/** What stands between a socket and its reader. */
export interface SocketFilter {
  /** Whether nothing is to be read for now; `socket.emit("readable")` makes the reader try again. */
  isPaused(): boolean;
  /** How many bytes are read at a time, at most; as many as there are where it is undefined. */
  bytes_max?(): number | undefined;
  /** Takes what was read; answers with what the reader is to have of it, or undefined to end the connection. */
  pass(chunk: Buffer): Buffer | undefined;
}

/** Puts a filter before the reader of a socket. Only for readers that call `read()`. */
export function filterSocket(socket: Socket, filter: SocketFilter): void {
  const read = socket.read.bind(socket);
  socket.read = (size?: number): Buffer | null => {
    for (;;) {
      if (filter.isPaused()) return null;
      const bytes_max = filter.bytes_max?.();
      const part = bytes_max !== undefined && socket.readableLength > bytes_max ? bytes_max : size;
      const chunk = read(part) as Buffer | null;
      if (chunk === null) return null;
      const passed = filter.pass(chunk);
      if (passed === undefined) {
        socket.destroy();
        return null;
      }
      if (passed.length > 0) return passed;
    }
  };
}
