//! Everything that is left to chance in a history, drawn from its seed.

/// A small generator (SplitMix64): the same seed gives the same numbers.
#[derive(Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }
}

/// How rough a history is. Each number is a chance of one in so many; 0 means never. Drawn anew for
/// each history, so that some are about crashes alone, some about vendors, some about all of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Profile {
    /// Hosts that work on the store at once.
    pub(crate) hosts: usize,
    /// Seconds in which things go wrong.
    pub(crate) rough: u64,
    /// Assets that are reviewed.
    pub(crate) assets: u64,
    /// A call of a vendor goes wrong.
    pub(crate) vendor: u64,
    /// A call takes its time.
    pub(crate) slow: u64,
    /// A component itself fails.
    pub(crate) component: u64,
    /// A write is refused, or its fate stays unknown to the host.
    pub(crate) store: u64,
    /// The host dies at a write.
    pub(crate) crash: u64,
    /// A host stands still at a write, for longer than its claims hold.
    pub(crate) pause: u64,
    /// An operator interferes.
    pub(crate) operator: u64,
}

impl Profile {
    /// The profile of a seed.
    pub(crate) fn draw(chance: &mut Chance) -> Self {
        let mut often = |numbers: [u64; 4]| numbers[usize::try_from(chance.below(4)).unwrap()];
        Self {
            hosts: if often([1, 1, 2, 2]) == 2 { 2 } else { 1 },
            rough: often([600, 1_200, 1_200, 2_400]),
            assets: often([1, 1, 2, 3]),
            vendor: often([0, 12, 5, 3]),
            slow: often([0, 10, 4, 3]),
            component: often([0, 0, 40, 15]),
            store: often([0, 0, 100, 40]),
            crash: often([0, 200, 80, 30]),
            pause: often([0, 0, 150, 60]),
            operator: often([0, 0, 30, 10]),
        }
    }
}
