import { expect, test } from "vitest";
import { Emitter } from "../src/events.ts";

class Clock extends Emitter<{ tick: number }> {
  tick(value: number): void {
    this.emit("tick", value);
  }
}

test("a listener hears nothing after it was taken off", () => {
  const clock = new Clock();
  const heard: number[] = [];
  const off = clock.on("tick", (value) => heard.push(value));
  clock.tick(1);
  off();
  clock.tick(2);
  expect(heard).toEqual([1]);
});
