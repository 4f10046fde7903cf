import { lazy, type ComponentType } from "react";

/**
 * A part that is loaded when it is shown. A network that changes just then (a laptop that wakes, a bridge that comes up) makes one
 * request fail: it is asked for again before the page is called broken.
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the props are the component's own business
export function lazily<T extends ComponentType<any>>(load: () => Promise<{ default: T }>): ReturnType<typeof lazy<T>> {
  return lazy(async () => {
    for (let pause = 300; ; pause *= 3) {
      try {
        return await load();
      } catch (cause) {
        if (pause > 3000) throw cause;
        await new Promise((done) => setTimeout(done, pause));
      }
    }
  });
}
