/** A promise whose outcome is decided from outside. */
export class Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;

  constructor() {
    let resolve: (value: T) => void = () => {};
    let reject: (error: Error) => void = () => {};
    this.promise = new Promise<T>((accept, refuse) => {
      resolve = accept;
      reject = refuse;
    });
    this.resolve = resolve;
    this.reject = reject;
  }
}
