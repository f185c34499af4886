//! Which numbers of one sender one receiver was told.

/// What is known of a number that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Came {
    InOrder,
    OutOfOrder,
    Again,
}

/// The highest, and the one that came last: in a view, that is what counts.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Numbers {
    pub(super) high: u32,
    pub(super) last: u32,
}

/// Numbers that were left out: rare, so all senders of a receiver share one list.
#[derive(Debug, Clone, Default)]
pub(super) struct Holes(Vec<Hole>);

#[derive(Debug, Clone, Copy)]
struct Hole {
    sender: u32,
    from: u32,
    to: u32,
}

impl Numbers {
    pub(super) fn take(&mut self, sender: u32, number: u32, holes: &mut Holes) -> Came {
        self.last = number;
        if number > self.high {
            if number > self.high + 1 {
                holes.0.push(Hole {
                    sender,
                    from: self.high + 1,
                    to: number - 1,
                });
            }
            self.high = number;
            Came::InOrder
        } else if holes.fill(sender, number) {
            Came::OutOfOrder
        } else {
            Came::Again
        }
    }
}

impl Holes {
    fn fill(&mut self, sender: u32, number: u32) -> bool {
        let within = |hole: &Hole| hole.sender == sender && (hole.from..=hole.to).contains(&number);
        let Some(at) = self.0.iter().position(within) else {
            return false;
        };
        let Hole { from, to, .. } = self.0.swap_remove(at);
        let parts = [(from, number - 1), (number + 1, to)];
        let left = parts.into_iter().filter(|(from, to)| from <= to);
        self.0
            .extend(left.map(|(from, to)| Hole { sender, from, to }));
        true
    }

    pub(super) fn numbers_of(&self, sender: u32) -> impl Iterator<Item = u32> {
        let own = self.0.iter().filter(move |hole| hole.sender == sender);
        own.flat_map(|hole| hole.from..=hole.to)
    }

    pub(super) fn forget(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_apart() {
        let (mut numbers, mut holes) = (Numbers::default(), Holes::default());
        let came: Vec<Came> = [1, 2, 2, 6, 4, 4, 3, 5, 1, 7]
            .map(|number| numbers.take(9, number, &mut holes))
            .into();
        use Came::{Again, InOrder, OutOfOrder};
        let expected = [
            InOrder, InOrder, Again, InOrder, OutOfOrder, Again, OutOfOrder, OutOfOrder, Again,
            InOrder,
        ];
        assert_eq!(came, expected);
        assert_eq!((numbers.high, numbers.last), (7, 7));
        assert_eq!(holes.numbers_of(9).count(), 0);
        numbers.take(9, 10, &mut holes);
        assert_eq!(holes.numbers_of(9).collect::<Vec<_>>(), [8, 9]);
        assert_eq!(holes.numbers_of(8).count(), 0);
    }
}
