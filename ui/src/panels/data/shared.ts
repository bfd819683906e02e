// Requests that several panels make word for word are sent once per refresh.

interface Shared<T> {
  promise: Promise<T>;
  waiting: number;
  control: AbortController;
}

export class SharedRequests {
  private readonly open = new Map<string, Shared<unknown>>();
  private underWay = 0;

  // How many are not answered.
  get pending(): number {
    return this.underWay;
  }

  // Joins the request under this key or begins it. It ends early only when all who wait have left.
  get<T>(key: string, begin: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    let s = this.open.get(key) as Shared<T> | undefined;
    if (!s) {
      const control = new AbortController();
      s = { promise: begin(control.signal), waiting: 0, control };
      this.open.set(key, s);
      const begun = s;
      this.underWay++;
      begun.promise.catch(() => this.open.get(key) === begun && this.open.delete(key)).finally(() => this.underWay--);
    }
    const mine = s;
    mine.waiting++;
    return new Promise<T>((resolve, reject) => {
      const leave = () => {
        if (--mine.waiting === 0 && this.open.get(key) === mine) {
          this.open.delete(key);
          mine.control.abort();
        }
        reject(new DOMException('left', 'AbortError'));
      };
      if (signal.aborted) return leave();
      signal.addEventListener('abort', leave, { once: true });
      mine.promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
    });
  }

  // What was answered before is asked again.
  forget(): void {
    this.open.clear();
  }
}
