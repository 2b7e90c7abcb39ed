//! Handler: review and approval of new assets.
