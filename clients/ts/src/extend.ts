import { extendClient as extend } from "@solana/kit";

/** Kit's `extendClient`, with the result's type spelt as the generated plugins expect it. */
export function extendClient<TClient extends object, TAdditions extends object>(client: TClient, additions: TAdditions) {
  return extend(client, additions) as Omit<TClient, keyof TAdditions> & TAdditions;
}
