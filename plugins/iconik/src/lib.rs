//! Connector for iconik.
