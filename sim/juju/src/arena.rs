//! An arena: values of one kind, found by the typed id that each was given when it was added.
//! Nothing is ever taken out, so an id stays valid for as long as the arena.

use std::marker::PhantomData;
use std::ops::{Index, IndexMut};

/// An id that is a position in an arena.
pub(crate) trait Id: Copy + std::fmt::Debug {
    /// Position in the arena.
    fn position(self) -> usize;
    /// The id of this position.
    fn at(position: usize) -> Self;
}

/// Values of type `T`, by ids of type `I`.
#[derive(Clone, Debug)]
pub(crate) struct Arena<I, T> {
    items: Vec<T>,
    ids: PhantomData<I>,
}

impl<I: Id, T> Arena<I, T> {
    pub(crate) const fn new() -> Self {
        Self {
            items: Vec::new(),
            ids: PhantomData,
        }
    }

    /// The id that the next value will have.
    pub(crate) fn next_id(&self) -> I {
        I::at(self.items.len())
    }

    /// Adds a value.
    pub(crate) fn push(&mut self, item: T) -> I {
        let id = self.next_id();
        self.items.push(item);
        id
    }

    /// Every value with its id, in the order in which they were added.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = (I, &T)> {
        let items = self.items.iter().enumerate();
        items.map(|(position, item)| (I::at(position), item))
    }

    /// Every value, to be changed.
    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.items.iter_mut()
    }
}

impl<I: Id, T> Index<I> for Arena<I, T> {
    type Output = T;

    fn index(&self, id: I) -> &T {
        match self.items.get(id.position()) {
            Some(item) => item,
            None => panic!("{id:?} is beyond the {} of its arena", self.items.len()),
        }
    }
}

impl<I: Id, T> IndexMut<I> for Arena<I, T> {
    fn index_mut(&mut self, id: I) -> &mut T {
        let length = self.items.len();
        match self.items.get_mut(id.position()) {
            Some(item) => item,
            None => panic!("{id:?} is beyond the {length} of its arena"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::UnitId;

    #[test]
    fn a_value_is_found_by_the_id_that_it_was_given() {
        let mut arena: Arena<UnitId, char> = Arena::new();
        let (a, b) = (arena.push('a'), arena.push('b'));
        arena[b] = 'c';
        assert_eq!((arena[a], arena[b]), ('a', 'c'));
        assert_eq!(arena.iter().map(|(id, _)| id).collect::<Vec<_>>(), [a, b]);
    }

    #[test]
    #[should_panic(expected = "UnitId(0) is beyond the 0 of its arena")]
    fn an_id_of_another_arena_is_refused() {
        let arena: Arena<UnitId, char> = Arena::new();
        let _ = arena[UnitId::from_index(0)];
    }
}
