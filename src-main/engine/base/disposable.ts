// Something that holds a resource until told to let go.

export interface Disposable {
  dispose(): void;
}
