// meerkat's own endpoints for the first steps, described in API.md.
import { sendJson } from './http';
import type { AlertAddress, FoundExporters, ReceiverAnswer, ReceiverState } from './types';

const at = (path: string) => 'api/v1/setup/' + path;

interface Envelope<T> {
  data: T;
}
const data = <T>(e: Envelope<T>): T => e.data;

export const searchExporters = (signal?: AbortSignal) => sendJson<Envelope<FoundExporters>>(at('search'), { method: 'POST', signal }).then(data);
export const watchExporter = (address: string) => sendJson<unknown>(at('watch'), { method: 'POST', json: { address } });
export const unwatchExporter = (address: string) => sendJson<unknown>(at('watch'), { method: 'DELETE', json: { address } });
export const receiverState = (signal?: AbortSignal) => sendJson<Envelope<ReceiverState>>(at('receiver'), { signal }).then(data);
export const setReceiver = (address: AlertAddress) => sendJson<Envelope<ReceiverAnswer>>(at('receiver'), { method: 'POST', json: address }).then(data);
