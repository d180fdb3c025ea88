//! The event loop beside a bare binary heap of packed keys: timers that re-arm themselves.

mod support;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group};
use trustsim::kernel::{self, Agenda, Time, World};

const TIMERS: u32 = 10_000;

/// A cheap stream of delays, the same for both loops: 1 to 2000 whole milliseconds.
#[derive(Clone, Copy)]
struct Delays(u64);

impl Delays {
    fn next_ns(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % 2_000 + 1) * 1_000_000
    }
}

/// The least any loop must do: pop the smallest key, push a later one.
fn bare_heap(events: u64) -> u64 {
    let mut delays = Delays(0x9E37_79B9_7F4A_7C15);
    let mut heap = BinaryHeap::new();
    let mut sequence = 0_u64;
    let pack = |at: u64, sequence: u64, timer: u32| {
        Reverse(u128::from(at) << 64 | u128::from(sequence) << 24 | u128::from(timer))
    };
    for timer in 0..TIMERS {
        sequence += 1;
        heap.push(pack(delays.next_ns(), sequence, timer));
    }
    let mut sum = 0_u64;
    for _ in 0..events {
        let Some(Reverse(key)) = heap.pop() else {
            break;
        };
        let timer = (key & 0xFF_FFFF) as u32;
        sum = sum.wrapping_add(u64::from(timer));
        sequence += 1;
        heap.push(pack((key >> 64) as u64 + delays.next_ns(), sequence, timer));
    }
    sum
}

/// The size of event a simulation really has.
#[derive(Clone, Copy)]
enum Event {
    Timer(u32),
    #[expect(dead_code, reason = "gives the event the size of a real one")]
    Other {
        connection: u32,
        generation: u32,
    },
}

struct Timers {
    delays: Delays,
    sum: u64,
    left: u64,
}

impl World for Timers {
    type Event = Event;

    fn handle(&mut self, event: Event, agenda: &mut Agenda<Event>) {
        let Event::Timer(timer) = event else { return };
        self.sum = self.sum.wrapping_add(u64::from(timer));
        self.left -= 1;
        if self.left >= u64::from(TIMERS) {
            agenda.after(Duration::from_nanos(self.delays.next_ns()), event);
        } else {
            black_box(&self.sum);
        }
    }
}

fn agenda_loop(events: u64) -> u64 {
    let mut agenda = Agenda::new(Time::EPOCH);
    let mut delays = Delays(0x9E37_79B9_7F4A_7C15);
    for timer in 0..TIMERS {
        agenda.after(Duration::from_nanos(delays.next_ns()), Event::Timer(timer));
    }
    let mut world = Timers {
        delays,
        sum: 0,
        left: events,
    };
    kernel::run(&mut world, &mut agenda, Time::MAX);
    world.sum
}

fn measure(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("kernel");
    group.sample_size(10);
    let events = 200_000;
    group.throughput(criterion::Throughput::Elements(events));
    group.bench_function("bare packed heap", |bencher| {
        bencher.iter(|| bare_heap(events))
    });
    group.bench_function("agenda", |bencher| bencher.iter(|| agenda_loop(events)));
    group.finish();
}

criterion_group!(benches, measure);

fn main() {
    benches();
    Criterion::default().configure_from_args().final_summary();
    let events = if support::is_smoke() {
        20_000
    } else {
        2_000_000
    };
    support::ratio("kernel", 15, || bare_heap(events), || agenda_loop(events));
}
