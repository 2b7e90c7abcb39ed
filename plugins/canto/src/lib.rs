//! Connector for canto.
