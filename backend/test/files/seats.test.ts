import { describe, expect, it } from "vitest";
import { createSeats } from "../../src/seats.ts";

/** Seats, and who of those that took one had to go, in order. */
function room(total: number) {
  const seats = createSeats(total);
  const gone: string[] = [];
  const take = (userId: string | undefined, ip: string) => {
    const seat = seats.take({ ip, ...(userId !== undefined && { userId }) });
    seat.mayEnd(() => gone.push(userId ?? ip));
    return seat;
  };
  return { seats, gone, take };
}

const full = expect.objectContaining({ code: "unavailable", retryAfter: 5 });

describe("seats", () => {
  it("come back however often they are given back", () => {
    const { seats, gone, take } = room(3);
    const taken = [take("a", "192.0.2.1"), take("a", "192.0.2.1"), take("b", "192.0.2.1")];
    for (const { leave } of [...taken, ...taken]) leave();
    expect([seats.taken(), gone]).toEqual([0, []]);
  });

  it("go from who has most to who has less, oldest first, until all have alike", () => {
    const { seats, gone, take } = room(6);
    for (const who of ["a", "b", "a", "a", "a", "b"]) take(who, "192.0.2.1");
    take("c", "192.0.2.1");
    take("c", "192.0.2.1");
    expect(gone).toEqual(["a", "a"]);
    // Two each: more for one would be less for another, who would take it back.
    expect(() => take("c", "192.0.2.1")).toThrow(full);
    expect(() => take("a", "192.0.2.1")).toThrow(full);
    expect([seats.taken(), gone.length]).toEqual([6, 2]);
  });

  it("cannot all be kept by accounts from one place, however many", () => {
    const { gone, take } = room(900);
    for (let i = 0; i < 900; i++) take(`robot ${i}`, "192.0.2.1");
    for (let i = 0; i < 100; i++) take(`person ${i}`, `198.51.${i}.1`);
    expect(gone).toEqual(Array.from({ length: 100 }, (_, i) => `robot ${i}`));
    expect(() => take("one more robot", "192.0.2.1")).toThrow(full);
    expect(() => take("one more robot", "192.0.2.200")).toThrow(full);
  });

  it("leave an office its own: its people give way to nobody who has one already", () => {
    const { gone, take } = room(4);
    for (const who of ["a", "b", "c"]) take(who, "192.0.2.1");
    take("alone", "198.51.100.1");
    expect(() => take("alone", "198.51.100.1")).toThrow(full);
    expect(gone).toEqual([]);
  });

  it("go by place where nobody is known: IPv4 by /24, IPv6 by /48", () => {
    const { gone, take } = room(4);
    for (const ip of ["2001:db8:1::1", "2001:db8:1:1::1", "2001:db8:1:2::1", "192.0.2.1"])
      take(undefined, ip);
    take(undefined, "198.51.100.1");
    expect(gone).toEqual(["2001:db8:1::1"]);
    take(undefined, "203.0.113.1");
    expect(() => take(undefined, "192.0.2.77")).toThrow(full);
    expect(() => take(undefined, "203.0.114.1")).toThrow(full);
  });

  it("are not taken from who is still sitting down, nor given to anybody for one that is free already", () => {
    const seats = createSeats(2);
    const opening = [
      seats.take({ ip: "192.0.2.1", userId: "a" }),
      seats.take({ ip: "192.0.2.1", userId: "a" }),
    ];
    expect(() => seats.take({ ip: "192.0.2.1", userId: "b" })).toThrow(full);
    let gone = 0;
    for (const seat of opening) seat.mayEnd(() => gone++);
    seats.take({ ip: "192.0.2.1", userId: "b" });
    for (const seat of opening) seat.leave();
    expect([gone, seats.taken()]).toEqual([1, 1]);
  });
});
