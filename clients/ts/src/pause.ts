/** Waits for some milliseconds; ends with the signal's reason when it is aborted. */
export type Pause = (milliseconds: number, signal?: AbortSignal) => Promise<void>;

/** Waits by the clock. */
export const pauseFor: Pause = (milliseconds, signal) =>
  new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", abort, { once: true });
  });
