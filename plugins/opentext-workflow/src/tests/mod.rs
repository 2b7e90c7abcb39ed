//! The connector against recorded exchanges of both dialects.
