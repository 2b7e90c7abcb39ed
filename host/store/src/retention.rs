//! Removing what is no longer needed, and how much space is taken.

/// What one call of [`Store::prune`](crate::Store::prune) removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Ended runs, with their steps, journals, inboxes, labels and notices.
    pub runs: u64,
    /// Events; their identities are forgotten with them.
    pub events: u64,
    /// Settled webhook deliveries.
    pub webhooks: u64,
    /// Request keys.
    pub requests: u64,
    /// Kept flow configurations that no run needs.
    pub configurations: u64,
    /// Bytes given back to the file system.
    pub bytes: u64,
    /// There is more to do: call again.
    pub more: bool,
}

impl Pruned {
    /// Both together; there is more if `next` says so.
    #[must_use]
    pub fn and(self, next: Self) -> Self {
        Self {
            runs: self.runs + next.runs,
            events: self.events + next.events,
            webhooks: self.webhooks + next.webhooks,
            requests: self.requests + next.requests,
            configurations: self.configurations + next.configurations,
            bytes: self.bytes + next.bytes,
            more: next.more,
        }
    }

    /// Rows that people know of.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.runs + self.events + self.webhooks + self.requests + self.configurations
    }
}

/// Space a store takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Bytes of the file.
    pub bytes: u64,
    /// Bytes of it that hold nothing and will be used again or given back.
    pub free: u64,
}
