//! The event queue: the pending events and the clock. Events are typed values in a slab behind a heap of packed keys.
//!
//! A key is one `u128`, time in the upper half, then the sequence number, then the slot, so that
//! ordering two events is one integer comparison and events of one instant keep their order of
//! insertion. Cancelling empties the slot; the stale key is skipped when it surfaces, and swept
//! once stale keys outnumber live ones.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use super::Time;

const SLOT_BITS: u32 = 24;
const SLOT_MASK: u128 = (1 << SLOT_BITS) - 1;
const SEQUENCE_BITS: u32 = 64 - SLOT_BITS;

/// Identifies a pending event. The id of an event that has fired or was cancelled never matches another event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventId {
    slot: u32,
    sequence: u64,
}

/// Places in the order of events of one instant that are kept free for later; see [`Agenda::keep_places`].
#[derive(Clone, Debug)]
pub struct Places {
    next: u64,
    end: u64,
}

#[derive(Clone, Debug)]
struct Slot<E> {
    sequence: u64,
    event: Option<E>,
}

/// The pending events of a run and its clock.
#[derive(Clone, Debug)]
pub struct Agenda<E> {
    now: Time,
    sequence: u64,
    heap: BinaryHeap<Reverse<u128>>,
    slots: Vec<Slot<E>>,
    free_slots: Vec<u32>,
    pending: usize,
}

impl<E> Agenda<E> {
    /// An empty agenda whose clock shows `start`.
    pub fn new(start: Time) -> Self {
        Self {
            now: start,
            sequence: 0,
            heap: BinaryHeap::new(),
            slots: Vec::new(),
            free_slots: Vec::new(),
            pending: 0,
        }
    }

    /// The current instant.
    pub fn now(&self) -> Time {
        self.now
    }

    /// How many events are pending.
    pub fn len(&self) -> usize {
        self.pending
    }

    /// Whether nothing is pending.
    pub fn is_empty(&self) -> bool {
        self.pending == 0
    }

    /// Schedules `event` at `time`.
    ///
    /// # Panics
    ///
    /// When `time` has passed: nothing can happen in the past. When 2^24 events are pending at once or 2^40 have ever been
    /// scheduled: both are far beyond what memory holds or a run lasts.
    pub fn at(&mut self, time: Time, event: E) -> EventId {
        self.sequence += 1;
        self.insert(time, self.sequence, event)
    }

    /// Keeps so many places free, behind all events of their instant that are scheduled by now and before all others.
    pub fn keep_places(&mut self, count: u32) -> Places {
        let next = self.sequence + 1;
        self.sequence += u64::from(count);
        Places {
            next,
            end: self.sequence + 1,
        }
    }

    /// Schedules `event` at `time` as if that had been done when these places were kept; the first place is used up.
    ///
    /// # Panics
    ///
    /// As [`Agenda::at`] does, and where no place is left.
    pub fn at_place(&mut self, time: Time, places: &mut Places, event: E) -> EventId {
        let sequence = places.next;
        assert!(sequence < places.end, "every place that was kept is used");
        places.next += 1;
        self.insert(time, sequence, event)
    }

    /// Every pending event, in no order. What it is made into is due when it was.
    pub fn pending_mut(&mut self) -> impl Iterator<Item = &mut E> {
        let slots = self.slots.iter_mut();
        slots.filter_map(|slot| slot.event.as_mut())
    }

    fn insert(&mut self, time: Time, sequence: u64, event: E) -> EventId {
        assert!(
            time >= self.now,
            "an event is scheduled at {time}, and the clock shows {}",
            self.now
        );
        assert!(
            sequence < 1 << SEQUENCE_BITS,
            "more than 2^40 events in one run"
        );
        let entry = Slot {
            sequence,
            event: Some(event),
        };
        let slot = if let Some(slot) = self.free_slots.pop() {
            self.slots[slot as usize] = entry;
            slot
        } else {
            let slot = u32::try_from(self.slots.len()).ok();
            let slot = slot.filter(|slot| *slot < 1 << SLOT_BITS);
            let slot = slot.unwrap_or_else(|| {
                panic!(
                    "no more than 2^24 events can be pending, and {} are",
                    self.pending
                )
            });
            self.slots.push(entry);
            slot
        };
        self.heap.push(Reverse(pack(time, sequence, slot)));
        self.pending += 1;
        EventId { slot, sequence }
    }

    /// Schedules `event` at `delay` from now.
    pub fn after(&mut self, delay: Duration, event: E) -> EventId {
        self.at(self.now + delay, event)
    }

    /// Cancels a pending event and returns it; `None` if it has fired or was cancelled before.
    pub fn cancel(&mut self, id: EventId) -> Option<E> {
        let slot = self.slots.get_mut(id.slot as usize)?;
        if slot.sequence != id.sequence {
            return None;
        }
        let event = slot.event.take()?;
        self.free_slots.push(id.slot);
        self.pending -= 1;
        if self.heap.len() > 64 && self.heap.len() > 2 * self.pending {
            self.sweep();
        }
        Some(event)
    }

    /// The instant of the next event, if there is one. Keys of cancelled events are removed on the way.
    pub fn peek(&mut self) -> Option<Time> {
        loop {
            let Reverse(key) = *self.heap.peek()?;
            if self.is_live(key) {
                return Some(unpack(key).0);
            }
            self.heap.pop();
        }
    }

    /// Takes the next event due at or before `until` and moves the clock to it.
    pub fn next(&mut self, until: Time) -> Option<E> {
        loop {
            let Reverse(key) = *self.heap.peek()?;
            let (time, sequence, slot) = unpack(key);
            if time > until {
                return None;
            }
            self.heap.pop();
            let entry = &mut self.slots[slot as usize];
            if entry.sequence != sequence {
                continue;
            }
            if let Some(event) = entry.event.take() {
                assert!(
                    time >= self.now,
                    "event due at {time} found after the clock reached {}",
                    self.now
                );
                self.free_slots.push(slot);
                self.pending -= 1;
                self.now = time;
                return Some(event);
            }
        }
    }

    /// Moves the clock forward to `time`. A clock that is later already stays as it is, so that playing to an instant
    /// that has passed plays nothing.
    pub(crate) fn advance(&mut self, time: Time) {
        self.now = self.now.max(time);
    }

    fn is_live(&self, key: u128) -> bool {
        let (_, sequence, slot) = unpack(key);
        let entry = &self.slots[slot as usize];
        entry.sequence == sequence && entry.event.is_some()
    }

    fn sweep(&mut self) {
        let keys = std::mem::take(&mut self.heap).into_vec();
        let live = keys.into_iter().filter(|Reverse(key)| self.is_live(*key));
        self.heap = live.collect::<Vec<_>>().into();
    }
}

fn pack(time: Time, sequence: u64, slot: u32) -> u128 {
    u128::from(time.as_nanos()) << 64 | u128::from(sequence) << SLOT_BITS | u128::from(slot)
}

fn unpack(key: u128) -> (Time, u64, u32) {
    let time = Time::from_nanos((key >> 64) as u64);
    let sequence = (key as u64) >> SLOT_BITS;
    (time, sequence, (key & SLOT_MASK) as u32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn drain(agenda: &mut Agenda<u32>) -> Vec<(u64, u32)> {
        let mut out = Vec::new();
        while let Some(event) = agenda.next(Time::MAX) {
            out.push((agenda.now().as_nanos(), event));
        }
        out
    }

    #[test]
    fn events_of_one_instant_keep_their_order() {
        let mut agenda = Agenda::new(Time::EPOCH);
        for event in 0..100 {
            agenda.at(Time::from_nanos(5), event);
        }
        agenda.at(Time::from_nanos(4), 100);
        let order: Vec<u32> = drain(&mut agenda)
            .into_iter()
            .map(|(_, event)| event)
            .collect();
        let expected: Vec<u32> = std::iter::once(100).chain(0..100).collect();
        assert_eq!(order, expected);
    }

    #[test]
    fn an_event_at_a_kept_place_comes_as_if_it_had_been_scheduled_then() {
        let mut agenda = Agenda::new(Time::EPOCH);
        let instant = Time::from_nanos(5);
        agenda.at(instant, 1);
        let mut places = agenda.keep_places(2);
        agenda.at(instant, 4);
        agenda.at_place(instant, &mut places, 2);
        agenda.at_place(instant, &mut places, 3);
        let mut last = agenda.keep_places(1);
        agenda.at_place(Time::from_nanos(4), &mut last, 0);
        let order: Vec<u32> = drain(&mut agenda).into_iter().map(|(_, it)| it).collect();
        assert_eq!(order, [0, 1, 2, 3, 4]);
    }

    #[test]
    #[should_panic(expected = "every place that was kept is used")]
    fn no_more_events_come_at_kept_places_than_were_kept() {
        let mut agenda = Agenda::new(Time::EPOCH);
        let mut places = agenda.keep_places(1);
        agenda.at_place(Time::from_nanos(5), &mut places, 1);
        agenda.at_place(Time::from_nanos(5), &mut places, 2);
    }

    #[test]
    fn what_is_pending_may_become_something_else() {
        let mut agenda = Agenda::new(Time::EPOCH);
        let gone = agenda.at(Time::from_nanos(3), 7);
        agenda.at(Time::from_nanos(5), 1);
        agenda.at(Time::from_nanos(4), 2);
        agenda.cancel(gone);
        agenda.pending_mut().for_each(|event| *event += 10);
        assert_eq!(drain(&mut agenda), [(4, 12), (5, 11)]);
    }

    #[test]
    fn a_stale_id_cancels_nothing() {
        let mut agenda = Agenda::new(Time::EPOCH);
        let first = agenda.at(Time::from_nanos(1), 1);
        assert_eq!(agenda.cancel(first), Some(1));
        assert_eq!(agenda.cancel(first), None);
        let second = agenda.at(Time::from_nanos(2), 2);
        assert_eq!(
            agenda.cancel(first),
            None,
            "the slot is used again, the id is not"
        );
        assert_eq!(agenda.len(), 1);
        assert_eq!(agenda.cancel(second), Some(2));
    }

    #[test]
    fn an_event_beyond_the_end_stays_pending() {
        let mut agenda = Agenda::new(Time::EPOCH);
        agenda.at(Time::from_nanos(10), 1);
        assert_eq!(agenda.next(Time::from_nanos(9)), None);
        assert_eq!(agenda.peek(), Some(Time::from_nanos(10)));
        assert_eq!(agenda.next(Time::from_nanos(10)), Some(1));
    }

    #[test]
    #[should_panic(expected = "and the clock shows")]
    fn nothing_is_scheduled_in_the_past() {
        let mut agenda = Agenda::new(Time::from_nanos(2));
        agenda.at(Time::from_nanos(1), 1);
    }

    proptest! {
        #[test]
        fn plays_like_a_stable_sort_with_cancels(
            times in prop::collection::vec(0_u64..50, 1..300),
            cancelled in prop::collection::vec(any::<bool>(), 300),
        ) {
            let mut agenda = Agenda::new(Time::EPOCH);
            let ids: Vec<EventId> = (0_u32..)
                .zip(&times)
                .map(|(index, &time)| agenda.at(Time::from_nanos(time), index))
                .collect();
            let mut expected: Vec<(u64, u32)> = Vec::new();
            for (index, (&id, &time)) in ids.iter().zip(&times).enumerate() {
                if cancelled[index] {
                    prop_assert_eq!(agenda.cancel(id), Some(index as u32));
                } else {
                    expected.push((time, index as u32));
                }
            }
            expected.sort_by_key(|&(time, _)| time);
            prop_assert_eq!(agenda.len(), expected.len());
            prop_assert_eq!(drain(&mut agenda), expected);
        }
    }
}
